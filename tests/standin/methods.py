"""The methods of the Bot API that the stand-in plays."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

from standin.chats import BOT, BotMessage, Chats, chat_json, is_channel, user_json
from standin.content import (
    Parameters,
    answer_of,
    caption_of,
    check_article,
    commands_of,
    document_of,
    keyboard_of,
    photo_of,
    text_of,
)
from standin.faults import ApiError, not_found
from standin.limits import Traffic
from standin.updates import UpdateQueue

FILE_BYTES = 20_000_000
"""What a bot may download (Bot API: getFile)."""

INLINE_RESULTS = 50
"""In one answer (Bot API: answerInlineQuery)."""

_NO_GIFTS = dict.fromkeys(
    ("unlimited_gifts", "limited_gifts", "unique_gifts", "premium_subscription", "gifts_from_channels"), False
)

_ADMINS_RIGHTS = (
    "can_be_edited", "is_anonymous", "can_manage_chat", "can_delete_messages", "can_manage_video_chats",
    "can_restrict_members", "can_promote_members", "can_change_info", "can_invite_users", "can_post_stories",
    "can_edit_stories", "can_delete_stories",
)  # fmt: skip
_RIGHTS: dict[str, dict[str, Any]] = {
    "administrator": dict.fromkeys(_ADMINS_RIGHTS, False),
    "creator": {"is_anonymous": False},
    "kicked": {"until_date": 0},
}
"""What the Bot API says besides of a member of this status (ChatMemberAdministrator, ChatMemberOwner …)."""
_POSTING = {"can_post_messages": True, "can_edit_messages": False}
"""What it says of an administrator of a channel, too."""


def not_in_channel() -> ApiError:
    """The bot is no member of the channel."""
    return ApiError(403, "Forbidden: bot is not a member of the channel chat")


class Methods:
    """Does what a request asks, or raises the :class:`ApiError` that Telegram would answer with."""

    def __init__(self, chats: Chats, updates: UpdateQueue, traffic: Traffic, clock: Callable[[], datetime]) -> None:
        self.files: dict[str, bytes] = {}
        """What users have sent, by file id."""
        self.open_queries: set[str] = set()
        """The presses of buttons that are not answered yet."""
        self.commands: dict[str, list[dict[str, str]]] = {}
        """The menu of each language; of none, for all others."""
        self.members: dict[tuple[int, int], str] = {}
        """What users are in chats, by chat and user; an admin where nothing is said."""
        self.rights: dict[tuple[int, int], dict[str, bool]] = {}
        """The rights of administrators that are other than usual, by chat and user."""
        self.usernames: dict[str, int] = {}
        """The names of public channels, without @."""
        self._chats = chats
        self._updates = updates
        self._traffic = traffic
        self._clock = clock
        self._reading: dict[str, Callable[[Parameters], Awaitable[Any]]] = {
            "getMe": self._get_me,
            "getUpdates": self._get_updates,
            "deleteWebhook": self._delete_webhook,
            "getWebhookInfo": self._get_webhook_info,
            "getChat": self._get_chat,
            "getChatMember": self._get_chat_member,
            "getFile": self._get_file,
            "deleteMessage": self._delete_message,
            "answerCallbackQuery": self._answer_callback_query,
            "answerInlineQuery": self._answer_inline_query,
            "setMyCommands": self._set_my_commands,
            "getMyCommands": self._get_my_commands,
        }
        self._writing: dict[str, Callable[[Parameters], Any]] = {
            "sendMessage": self._send_message,
            "sendDocument": self._send_document,
            "sendPhoto": self._send_photo,
            "editMessageText": self._edit_message_text,
            "editMessageReplyMarkup": self._edit_message_reply_markup,
        }
        self.played = self._reading.keys() | self._writing.keys() | {"sendChatAction"}

    async def call(self, method: str, parameters: dict[str, Any]) -> Any:
        """The result of a request."""
        p = Parameters(parameters)
        if method in self._writing:
            return self._write(self._writing[method], p)
        if method == "sendChatAction":
            self._chats.check(p.chat_id)
            return bool(p["action"])
        if method in self._reading:
            return await self._reading[method](p)
        raise not_found()

    def _write(self, play: Callable[[Parameters], Any], p: Parameters) -> Any:
        """Only what puts a message into a chat, or edits one, counts towards the limits; nothing refused does."""
        self._traffic.admit(p.chat_id)
        self._chats.check(p.chat_id)
        self._check_posting(p.chat_id)
        result = play(p)
        self._traffic.count(p.chat_id)
        return result

    def _check_posting(self, chat_id: int) -> None:
        """In a channel a bot needs a right, for its own messages, too (Bot API: sendMessage, deleteMessage)."""
        if not is_channel(chat_id):
            return
        itself = self._member(chat_id, BOT["id"])
        if itself["status"] != "administrator":
            raise not_in_channel()
        if not itself["can_post_messages"]:
            raise ApiError(400, "Bad Request: need administrator rights in the channel chat")

    # Messages

    def _send_message(self, p: Parameters) -> dict[str, Any]:
        text, entities = text_of(p)
        return self._chats.add(self._message(p, p["text"], text, entities))

    def _send_document(self, p: Parameters) -> dict[str, Any]:
        document = document_of(p)
        caption, entities = caption_of(p)
        return self._chats.add(self._message(p, p.get("caption", ""), caption, entities, document))

    def _send_photo(self, p: Parameters) -> dict[str, Any]:
        """The picture is kept as the message's document; the answer tells of it as a photo."""
        photo = photo_of(p)
        caption, entities = caption_of(p)
        sent = self._chats.add(self._message(p, p.get("caption", ""), caption, entities, photo))
        file = sent.pop("document")
        size = {"file_id": file["file_id"], "file_unique_id": file["file_unique_id"], "width": 1080, "height": 1080}
        return sent | {"photo": [size]}

    def _message(self, p: Parameters, *content: Any) -> BotMessage:
        source, text, entities, *document = content
        keyboard = keyboard_of(p)
        number, date = next(self._chats.message_ids), int(self._clock().timestamp())
        answers = p.get("reply_parameters", {}).get("message_id")
        return BotMessage(p.chat_id, number, date, source, text, entities, keyboard, *document, answers=answers)

    def _edit_message_text(self, p: Parameters) -> dict[str, Any]:
        text, entities = text_of(p)
        changes = {"source": p["text"], "text": text, "entities": entities, "keyboard": keyboard_of(p)}
        return self._chats.edit(p.chat_id, p["message_id"], **changes)

    def _edit_message_reply_markup(self, p: Parameters) -> dict[str, Any]:
        return self._chats.edit(p.chat_id, p["message_id"], keyboard=keyboard_of(p))

    async def _delete_message(self, p: Parameters) -> bool:
        self._chats.check(p.chat_id)
        self._check_posting(p.chat_id)
        return self._chats.delete(p.chat_id, p["message_id"])

    # Updates

    async def _get_updates(self, p: Parameters) -> list[dict[str, Any]]:
        return await self._updates.get(
            p.get("offset", 0), p.get("limit", 100), p.get("timeout", 0), p.get("allowed_updates")
        )

    async def _delete_webhook(self, p: Parameters) -> bool:
        self._updates.webhook = ""
        if p.get("drop_pending_updates"):
            self._updates.forget()
        return True

    async def _get_webhook_info(self, _: Parameters) -> dict[str, Any]:
        return {
            "url": self._updates.webhook,
            "has_custom_certificate": False,
            "pending_update_count": self._updates.pending,
        }

    async def _answer_callback_query(self, p: Parameters) -> bool:
        if p["callback_query_id"] not in self.open_queries:
            raise ApiError(400, "Bad Request: query is too old and response timeout expired or query ID is invalid")
        answer_of(p)
        self.open_queries.remove(p["callback_query_id"])
        return True

    async def _answer_inline_query(self, p: Parameters) -> bool:
        results = p["results"]
        if len(results) > INLINE_RESULTS:
            raise ApiError(400, "Bad Request: RESULTS_TOO_MUCH")
        if len({result["id"] for result in results}) < len(results):
            raise ApiError(400, "Bad Request: RESULT_ID_DUPLICATE")
        for result in results:
            check_article(result)
        return True

    # All else

    async def _get_me(self, _: Parameters) -> dict[str, Any]:
        return BOT | {
            "can_join_groups": True,
            "can_read_all_group_messages": False,
            "supports_inline_queries": True,
        }

    async def _get_chat(self, p: Parameters) -> dict[str, Any]:
        """A public channel is seen by everybody, a private one by its members."""
        chat_id = self._chat_id(p)
        public = [{"username": name} for name, number in self.usernames.items() if number == chat_id]
        if is_channel(chat_id) and not public and self._member(chat_id, BOT["id"])["status"] in ("left", "kicked"):
            raise not_in_channel()
        rest = {"accent_color_id": 0, "max_reaction_count": 11, "accepted_gift_types": _NO_GIFTS}
        return chat_json(chat_id) | rest | (public[0] if public else {})

    def _chat_id(self, p: Parameters) -> int:
        """The chat, by number or by the @name of a public channel."""
        return self.usernames.get(str(p["chat_id"]).removeprefix("@")) or p.chat_id

    async def _get_chat_member(self, p: Parameters) -> dict[str, Any]:
        """Of a channel the bot hears who its members are only as an administrator."""
        if is_channel(p.chat_id) and self._member(p.chat_id, BOT["id"])["status"] != "administrator":
            raise ApiError(400, "Bad Request: member list is inaccessible")
        return self._member(p.chat_id, int(p["user_id"]))

    def _member(self, chat_id: int, user_id: int) -> dict[str, Any]:
        status = self.members.get((chat_id, user_id), "administrator")
        user = BOT if user_id == BOT["id"] else user_json(user_id)
        member = {"status": status, "user": user} | _RIGHTS.get(status, {})
        if status != "administrator":
            return member
        return member | (_POSTING if is_channel(chat_id) else {}) | self.rights.get((chat_id, user_id), {})

    async def _get_file(self, p: Parameters) -> dict[str, Any]:
        file_id = p["file_id"]
        if file_id not in self.files:
            raise ApiError(400, "Bad Request: invalid file_id")
        size = len(self.files[file_id])
        if size > FILE_BYTES:
            raise ApiError(400, "Bad Request: file is too big")
        file = {"file_id": file_id, "file_unique_id": f"unique-{file_id}"}
        return file | {"file_size": size, "file_path": f"documents/{file_id}"}

    async def _set_my_commands(self, p: Parameters) -> bool:
        self.commands[p.get("language_code", "")] = commands_of(p)
        return True

    async def _get_my_commands(self, p: Parameters) -> list[dict[str, str]]:
        return self.commands.get(p.get("language_code", ""), [])
