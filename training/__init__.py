"""Where the classifier's weights come from: headlines of our own, labelled, and the script that weighs their words."""
