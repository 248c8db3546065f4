"""A year of invented news, the readers who follow it, and a second reckoning of what each must be told."""
