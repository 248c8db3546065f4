"""What an article says about a deal. Values in, values out: no I/O, no clock, no database."""
