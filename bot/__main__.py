"""``python -m bot`` is ``hearsay run``."""

import sys

from bot.cli import main

sys.argv.insert(1, "run")
main()
