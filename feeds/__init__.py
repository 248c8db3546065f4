"""Fetches the news and hands it to the ledger. Knows nothing of Telegram."""
