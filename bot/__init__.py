"""Talks to Telegram, assembles the program, holds the command line."""
