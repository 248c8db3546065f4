"""Writes a conversation down as Markdown while a test plays it: what users do, and what they see of it."""

import re
from collections.abc import Mapping, Sequence
from html import unescape
from typing import Any

from running_bot import Bot
from standin.chats import BotMessage, chat_json, user_json
from standin.telegram import Call

from matcher.vocabulary import Trust

MARKS = {"b": "**", "i": "_", "code": "`", "blockquote": ""}
"""How Markdown writes Telegram's tags."""


class Transcript:
    """A conversation of people with the bot. ``people`` names the users, and the chats with others, by their ids."""

    def __init__(self, bot: Bot, people: Mapping[int, str], *lines: str) -> None:
        self._bot = bot
        self._people = people
        self._blocks = list(lines)
        self._chat = 0
        self._read = len(bot.telegram.transcript)
        self.shown_as = {r"\\?_standin(\\?)_bot": r"\1_bot"}
        """Patterns of what differs from run to run (ports, codes) or is the stand-in's, and what is shown instead."""

    def __str__(self) -> str:
        text = "\n\n".join(self._blocks) + "\n"
        for pattern, shown in self.shown_as.items():
            text = re.sub(pattern, shown, text)
        return text

    # What is played

    def scene(self, title: str, *lines: str) -> None:
        """A new scene, and what a reader must know of it."""
        self._blocks += [f"## {title}", *lines]

    async def says(self, user: int, text: str, chat: int = 0) -> None:
        """Somebody writes into the chat with the bot, or into another chat."""
        self._act(user, chat or user, code(text))
        await self._bot.telegram.user_sends(chat or user, text, user)
        await self._answered()

    async def replies(self, user: int, text: str) -> None:
        """Somebody answers the last message of the bot."""
        question = self._bot.telegram.messages(user)[-1]
        self._act(user, user, f"{code(text)} *(in reply)*")
        more = {"text": text, "entities": [], "reply_to_message": question.as_json()}
        about = {"message_id": 9_000, "date": question.date, "chat": chat_json(user), "from": user_json(user)}
        await self._bot.telegram.update("message", about | more)
        await self._answered()

    async def presses(self, user: int, label: str, chat: int = 0) -> None:
        """Somebody presses a button: of the latest message that has one of this label."""
        messages = reversed(self._bot.telegram.messages(chat or user))
        pressed, button = next((m, b) for m in messages for b in m.buttons if b.text == label)
        self._act(user, chat or user, f"presses {code(f'[{label}]')}")
        assert button.callback_data is not None
        await self._bot.telegram.user_presses(chat or user, pressed.message_id, button.callback_data, user)
        await self._answered(pressed)

    async def sends(self, user: int, name: str, content: str) -> None:
        """Somebody sends a file."""
        self._act(user, user, f"sends the file {code(name)}")
        self._blocks.append(f"```toml\n{content.strip()}\n```")
        await self._bot.telegram.user_sends_file(user, name, content.encode())
        await self._answered()

    async def types_inline(self, user: int, words: str) -> None:
        """Somebody types the bot's name and some words in any chat."""
        self._act(user, user, f"types {code(f'@hearsay_bot {words}')} in a chat with a friend")
        query = {"id": "1", "from": user_json(user), "query": words, "offset": ""}
        await self._bot.telegram.update("inline_query", query)
        await self._bot.telegram.called("answerInlineQuery")
        await self._answered()

    async def news(self, title: str, outlet: str = "Carrier Wire", trust: Trust = Trust.TRUSTED) -> None:
        """An article appears and is read."""
        self._happens(f"{outlet} publishes: “{title}”")
        before = len(self._blocks)
        await self._bot.news(title, outlet, trust)
        await self._told()
        if len(self._blocks) == before:
            self._blocks.append("*(nothing is told)*")

    async def later(self, when: str, **time: float) -> None:
        """Time passes, and what was held back is told."""
        self._happens(when)
        self._bot.clock.advance(**time)
        await self._bot.program.courier.deliver()
        await self._told()

    # What is written down

    def _act(self, user: int, chat: int, what: str) -> None:
        self._chat = chat
        place = "" if user == chat else f", in {self._people[chat]}"
        self._blocks.append(f"**{self._people[user]}**{place}: {what}")

    def _happens(self, what: str) -> None:
        self._chat = 0
        self._blocks.append(f"*{what}*")

    async def _answered(self, pressed: BotMessage | None = None) -> None:
        await self._bot.settled()
        await self._bot.program.courier.deliver()  # what it set off for others
        self._write(pressed)

    async def _told(self) -> None:
        await self._bot.program.cards.refresh()
        self._write(None)

    def _write(self, pressed: BotMessage | None) -> None:
        new = self._bot.telegram.transcript[self._read :]
        self._read += len(new)
        for call in sorted(new, key=self._place):
            self._blocks += self._seen(call, pressed)

    def _place(self, call: Call) -> tuple[bool, str]:
        """Whoever did something is answered first. The order in which others are told, chance decides."""
        chat = str(call.parameters.get("chat_id", self._chat))
        return chat != str(self._chat), chat

    def _seen(self, call: Call, pressed: BotMessage | None) -> Sequence[str]:
        """What a user sees of a request of the bot."""
        p = call.parameters
        if call.fault:
            return []
        match call.method:
            case "sendMessage":
                return [self._hearsay(p, *self._answering(p)), quotation(p["text"], p)]
            case "sendDocument":
                return [self._hearsay(p, f"sends the file {code(p['document'].name)}"), quotation(p["caption"], p)]
            case "sendPhoto":
                return [self._hearsay(p, "sends a picture"), quotation(p["caption"], p)]
            case "editMessageText":
                return [self._hearsay(p, self._becomes(p, pressed)), quotation(p["text"], p)]
            case "answerCallbackQuery" if p.get("text"):
                return [f"*(a note appears: “{p['text']}”)*"]
            case "answerInlineQuery":
                return [_offer(result) for result in p["results"]]
        return []

    def _hearsay(self, p: Mapping[str, Any], *what: str) -> str:
        chat = int(p["chat_id"])
        place = "" if chat == self._chat else f" to {self._people[chat]}"
        return f"**Hearsay**{place}" + "".join(f" *({words})*" for words in what) + ":"

    def _answering(self, p: Mapping[str, Any]) -> Sequence[str]:
        number = p.get("reply_parameters", {}).get("message_id")
        answered = [m for m in self._messages(p) if m.message_id == number]
        return ([f"in reply to “{_first_line(answered[0])}”"] if answered else ["in reply"]) if number else []

    def _becomes(self, p: Mapping[str, Any], pressed: BotMessage | None) -> str:
        seen_last = pressed or self._messages(p)[-1]
        if seen_last.message_id == p["message_id"]:
            return "the message becomes"
        changed = next(m for m in self._messages(p) if m.message_id == p["message_id"])
        return f"the message that began “{_first_line(changed)}” becomes"

    def _messages(self, p: Mapping[str, Any]) -> Sequence[BotMessage]:
        return self._bot.telegram.messages(int(p["chat_id"]))


def _first_line(message: BotMessage) -> str:
    return message.first_text.splitlines()[0]


def _offer(result: Mapping[str, Any]) -> str:
    content = result["input_message_content"]
    head = f"**Hearsay** offers *({result['title']}: {result['description']})*:"
    return f"{head}\n\n{quotation(content['message_text'], result)}"


def code(text: str) -> str:
    """A piece of code, which may hold a backtick."""
    return f"`` {text} ``" if "`" in text else f"`{text}`"


def quotation(html: str, p: Mapping[str, Any]) -> str:
    """A message of the bot: its text, and its buttons."""
    lines = [_line(line) for line in markdown(html).splitlines()]
    rows = (p.get("reply_markup") or {}).get("inline_keyboard", [])
    if rows:
        lines += ["", *(" ".join(code(f"[{button['text']}]") for button in row) for row in rows)]
    broken = [f"{line}\\" if line and after else line for line, after in zip(lines, [*lines[1:], ""], strict=True)]
    return "\n".join(f"> {line}".rstrip() for line in broken)


def _line(line: str) -> str:
    """A line that Markdown takes for no heading and no item of a list."""
    return re.sub(r"^(\d+)\. ", r"\1\\. ", re.sub(r"^([#+-])", r"\\\1", line.strip()))


def markdown(html: str) -> str:
    """A text in Telegram's HTML, in Markdown."""
    text, address, in_code = "", "", False
    for part in re.split(r"(<[^>]*>)", html):
        tag = part.strip("</>").split()[0] if part.startswith("<") else ""
        if tag == "a":
            text += "[" if part != "</a>" else f"]({address})"
            address = unescape(part.partition('"')[2].rpartition('"')[0]) or address
        elif tag:
            text, in_code = text + MARKS[tag], tag == "code" and not part.startswith("</")
        else:
            text += unescape(part) if in_code else re.sub(r"([\\`*_\[\]])", r"\\\1", part)
    return text
