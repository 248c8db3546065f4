"""The chats as the users see them: what the bot's messages look like, and who lets the bot in."""

import itertools
from collections import defaultdict
from dataclasses import dataclass, replace
from typing import Any

from standin.faults import ApiError, blocked, kicked, message_not_found, not_modified
from standin.parameters import Upload

BOT = {"id": 123456, "is_bot": True, "first_name": "Hearsay", "username": "hearsay_standin_bot"}


@dataclass(frozen=True)
class Button:
    """An inline button."""

    text: str
    callback_data: str | None = None
    url: str | None = None


@dataclass(frozen=True)
class BotMessage:
    """A message of the bot as it stands in the chat now.

    ``source`` is what the bot wrote, ``text`` what the user reads, ``entities`` how it looks.
    """

    chat_id: int
    message_id: int
    date: int
    source: str
    text: str
    entities: list[dict[str, Any]]
    keyboard: dict[str, Any] | None
    document: Upload | None = None
    """The file it carries; its text is the file's caption then."""
    answers: int | None = None
    """The number of the message that it is a reply to."""
    first_text: str = ""
    """What it said when it was sent; an edit leaves that."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "first_text", self.first_text or self.text)

    @property
    def buttons(self) -> list[Button]:
        """The inline buttons, row by row."""
        rows = (self.keyboard or {}).get("inline_keyboard", [])
        return [Button(b["text"], b.get("callback_data"), b.get("url")) for row in rows for b in row]

    def as_json(self) -> dict[str, Any]:
        """The message as the Bot API describes it."""
        keyboard = {"reply_markup": self.keyboard} if self.buttons else {}
        about = {"message_id": self.message_id, "date": self.date, "chat": chat_json(self.chat_id), "from": BOT}
        return keyboard | self._words_as_json() | about

    def _words_as_json(self) -> dict[str, Any]:
        if self.document is None:
            return {"text": self.text, "entities": self.entities}
        file = {"file_id": f"sent-{self.message_id}", "file_unique_id": f"unique-{self.message_id}"}
        document = file | {"file_name": self.document.name, "file_size": len(self.document.content)}
        return {"document": document, "caption": self.text, "caption_entities": self.entities}


class Chats:
    """What stands in every chat, and which chats the bot may not write to."""

    def __init__(self) -> None:
        self.message_ids = itertools.count(1)
        self._messages: defaultdict[int, dict[int, BotMessage]] = defaultdict(dict)
        self.written: defaultdict[int, dict[int, dict[str, Any]]] = defaultdict(dict)
        """What users have written into every chat, by the numbers of the messages."""
        self._refusals: dict[int, ApiError] = {}

    def refuse(self, chat_id: int, why: ApiError) -> None:
        """Answer everything the bot wants to write into a chat with an error."""
        self._refusals[chat_id] = why

    def accept(self, chat_id: int) -> None:
        """Let the bot write into a chat again."""
        self._refusals.pop(chat_id, None)

    def check(self, chat_id: int) -> None:
        """Raise the error of a chat that refuses the bot."""
        if refusal := self._refusals.get(chat_id):
            raise refusal.with_traceback(None)  # raised before, it would grow with every call

    def __getitem__(self, chat_id: int) -> dict[int, BotMessage]:
        """The bot's messages in a chat by their ids, oldest first."""
        return self._messages[chat_id]

    def under_a_press(self, message: BotMessage) -> dict[str, Any]:
        """The message of a pressed button: with it comes what it is a reply to, unless that was deleted."""
        answered = self.written[message.chat_id].get(message.answers or 0)
        return message.as_json() | ({"reply_to_message": answered} if answered else {})

    def add(self, message: BotMessage) -> dict[str, Any]:
        """Put a message into its chat; returns it as the Bot API describes it."""
        self._messages[message.chat_id][message.message_id] = message
        return message.as_json()

    def delete(self, chat_id: int, message_id: int) -> bool:
        """Take a message away, which must be there."""
        if self._messages[chat_id].pop(message_id, None) is None:
            raise ApiError(400, "Bad Request: message to delete not found")
        return True

    def edit(self, chat_id: int, message_id: int, **changes: Any) -> dict[str, Any]:
        """Change a message, which must be there and must not be the same afterwards."""
        before = self._messages[chat_id].get(message_id)
        if before is None:
            raise message_not_found()
        after = replace(before, **changes)
        if replace(after, source=before.source) == before:
            raise not_modified()
        return self.add(after)


def shut_out(chat_id: int) -> ApiError:
    """What a bot hears that was blocked by a user or thrown out of a group."""
    return kicked(chat_json(chat_id)["type"]) if chat_id < 0 else blocked()


def chat_json(chat_id: int) -> dict[str, Any]:
    """A chat as the Bot API describes it: private above zero, else a group, or a supergroup from -100… down.

    Telegram numbers channels like supergroups; here those from -1002… down are channels.
    """
    if chat_id > 0:
        return {"id": chat_id, "type": "private", "first_name": f"User {chat_id}"}
    if is_channel(chat_id):
        return {"id": chat_id, "type": "channel", "title": f"Channel {chat_id}"}
    kind = "supergroup" if chat_id < -1_000_000_000_000 else "group"
    return {"id": chat_id, "type": kind, "title": f"Group {chat_id}"}


def is_channel(chat_id: int) -> bool:
    """Whether a chat is a channel."""
    return chat_id <= -1_002_000_000_000


def user_json(user_id: int, language: str = "en") -> dict[str, Any]:
    """A person as the Bot API describes one."""
    return {"id": user_id, "is_bot": False, "first_name": f"User {user_id}", "language_code": language}
