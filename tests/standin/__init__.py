"""Stand-ins at the wire: local servers that speak as Telegram and as a publisher's feed do."""
