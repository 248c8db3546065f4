"""Talks to Telegram, assembles the program, holds the command line."""

import os

# python-telegram-bot gives durations as timedelta where this is set, and will always do so in its next major version.
os.environ.setdefault("PTB_TIMEDELTA", "1")
