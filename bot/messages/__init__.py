"""Every text the bot says, made from values: one module per subject, pure but for the language (:mod:`bot.language`).

Text is Telegram's HTML. Escaping and Telegram's limits live in :mod:`bot.messages.frame` and nowhere else.
"""
