"""What is remembered, and the questions asked of it."""
