"""What subscribers type and press, through real updates against the stand-in Telegram."""

import pytest
from running_bot import ANNA, BORIS, GROUP, Bot


async def test_start_says_what_the_bot_does(bot: Bot) -> None:
    """/start tells a newcomer what comes and the first three commands."""
    answer = await bot.ask("/start")
    assert "one message when something really changed" in answer.text
    assert "/subscribe" in answer.text


@pytest.mark.parametrize(("app", "menu"), [("en", ""), ("fr", ""), ("de", "de"), ("de-AT", "de")])
async def test_the_menu_is_the_help(bot: Bot, app: str, menu: str) -> None:
    """Telegram's command menu and /help name the same commands, in the language of the user's app."""
    bot.telegram.language = app
    answer = await bot.ask("/help")
    assert len(bot.telegram.commands[menu]) > 10
    for command in bot.telegram.commands[menu]:
        assert f"/{command['command']} – {command['description']}" in answer.text


@pytest.mark.parametrize(
    "query", ["huawei-att", "HUAWEI-ATT", "AT&T huawei", "att", "Huawei at and t", "huawei + AT & T", "AT&T"]
)
async def test_status_takes_any_spelling(bot: Bot, query: str) -> None:
    """A deal is found by slug and by its parties' names in any order and spelling."""
    answer = await bot.ask(f"/status {query}")
    assert answer.text.startswith("Huawei phones on AT&T\n")
    assert "No reports yet" in answer.text


async def test_a_plain_text_is_a_question_for_a_status(bot: Bot) -> None:
    """In a private chat the command may be left out."""
    assert (await bot.ask("huawei verizon")).text.startswith("Huawei phones on Verizon")


async def test_several_deals_become_buttons(bot: Bot) -> None:
    """When several deals fit, the user presses the one that was meant."""
    answer = await bot.ask("/status huawei")
    assert {button.text for button in answer.buttons} == {"Huawei phones on AT&T", "Huawei phones on Verizon"}
    answer = await bot.press(answer, "Huawei phones on Verizon")
    assert answer.text.startswith("Huawei phones on Verizon\nNo reports yet")


async def test_an_unknown_name_gets_suggestions(bot: Bot) -> None:
    """A misspelled name is answered with the nearest ones."""
    answer = await bot.ask("/status huawai-att")
    assert "Did you mean" in answer.text
    assert (await bot.press(answer, "Huawei phones on AT&T")).text.startswith("Huawei phones on AT&T")


async def test_status_shows_quote_source_and_link(bot: Bot) -> None:
    """The card says where the deal stands, on whose word, in which words, and links the article."""
    await bot.news("Alpha in talks to buy Beta, Bloomberg reports")
    card = await bot.ask("/status alpha-beta")
    assert "RUMORED · in talks" in card.text
    assert "reported · 1 source" in card.text
    assert "“Alpha in talks to buy Beta" in card.text
    assert "Bloomberg" in card.text
    assert any(e["type"] == "text_link" and e["url"] == "https://carrier-wire.example/1" for e in card.entities)


async def test_a_follower_is_told_once_and_others_are_not(bot: Bot) -> None:
    """A change is pushed to who follows the deal; a copy of the report pushes nothing."""
    await bot.ask("/subscribe alpha-beta")
    await bot.ask("/start", chat=BORIS)
    anna, boris = len(bot.telegram.messages(ANNA)), len(bot.telegram.messages(BORIS))
    await bot.news("Alpha in talks to buy Beta, Bloomberg reports")
    await bot.news("Alpha in talks to buy Beta: Bloomberg", outlet="Daily Circuit")
    pushed = bot.telegram.messages(ANNA)[anna:]
    assert [message.text.splitlines()[0] for message in pushed] == ["RUMORED · in talks"]
    assert len(bot.telegram.messages(BORIS)) == boris


async def test_a_party_is_followed_with_its_future_deals(bot: Bot) -> None:
    """/subscribe AT&T follows every deal of AT&T."""
    assert "every deal of AT&T" in (await bot.ask("/subscribe at and t")).text
    assert "already" in (await bot.ask("/subscribe AT&T")).text
    assert "Unsubscribe" in [b.text for b in (await bot.ask("/status huawei-att")).buttons]
    assert "Subscribe" in [b.text for b in (await bot.ask("/status huawei-verizon")).buttons]


async def test_everything_is_followed_and_left(bot: Bot) -> None:
    """/subscribe everything and /unsubscribe everything."""
    assert "every deal" in (await bot.ask("/subscribe everything")).text
    assert (
        "every deal" in (await bot.ask("/subscriptions")).text or "everything" in (await bot.ask("/subscriptions")).text
    )
    assert "1 subscription ended" in (await bot.ask("/unsubscribe everything")).text
    assert "nothing yet" in (await bot.ask("/subscriptions")).text


async def test_buttons_subscribe_and_unsubscribe(bot: Bot) -> None:
    """The card's button follows the deal and then leaves it; the card stays, and its button turns."""
    card = await bot.press(await bot.ask("/status alpha-beta"), "Subscribe")
    assert card.text.startswith("Alpha <Holdings> & Beta")
    assert "Alpha <Holdings> & Beta" in (await bot.ask("/subscriptions")).text
    card = await bot.press(card, "Unsubscribe")
    assert [button.text for button in card.buttons] == ["Subscribe", "History", "Timeline", "Why"]
    assert "nothing yet" in (await bot.ask("/subscriptions")).text


async def test_history_names_the_evidence_of_each_change(bot: Bot) -> None:
    """/history lists the changes, newest first, with quote and source."""
    await bot.news("Alpha in talks to buy Beta, Bloomberg reports")
    await bot.news("Alpha ends talks to buy Beta, says Alpha", outlet="Handset Herald")
    text = (await bot.ask("/history alpha-beta")).text
    assert (
        text.index("DENIED")
        < text.index("“Alpha ends talks")
        < text.index("RUMORED · in talks")
        < text.index("“Alpha in talks")
    )


async def test_deals_are_grouped_by_status(bot: Bot) -> None:
    """/deals lists the deals under their statuses; /deals rumored only those."""
    await bot.news("Alpha in talks to buy Beta, Bloomberg reports")
    everything = (await bot.ask("/deals")).text
    assert everything.index("RUMORED") < everything.index("Alpha") < everything.index("NO REPORTS YET")
    assert "Huawei" not in (await bot.ask("/deals rumored")).text
    assert "is no status" in (await bot.ask("/deals dead")).text


@pytest.mark.parametrize("command", ["status", "history", "subscribe"])
async def test_a_bare_command_explains_itself(bot: Bot, command: str) -> None:
    """A command without what it needs is answered with an example."""
    assert f"/{command}" in (await bot.ask(f"/{command}")).text
    assert "For example" in (await bot.ask(f"/{command}")).text


@pytest.mark.parametrize("command", ["status", "history", "subscribe", "unsubscribe", "deals", "claim", "nonsense"])
@pytest.mark.parametrize(
    "argument",
    [
        "<b>unclosed & <script>alert(1)</script>",
        "'; DROP TABLE deal; --",
        "x" * 4000,
        "a b c d e f g h i j k l m n o p q r s t u v w x y z",
        "\u202e\u0000\ud7ff 😀 ﷽",
        "%s {0} ${x} \\",
        "-",
    ],
)
async def test_hostile_arguments_get_a_helpful_answer(bot: Bot, command: str, argument: str) -> None:
    """Whatever is typed, the answer is a sentence that Telegram accepts, and never the fault message."""
    answer = await bot.ask(f"/{command} {argument}")
    assert "fault in Hearsay" not in answer.text
    assert answer.text


async def test_a_subscription_cannot_be_dropped_from_another_chat(bot: Bot) -> None:
    """A forged button does nothing in a chat that does not own the subscription."""
    await bot.ask("/subscribe alpha-beta")
    mine = await bot.ask("/subscriptions")
    forged = {"id": "1", "from": {"id": BORIS, "is_bot": False, "first_name": "B"}, "chat_instance": "1"}
    other = await bot.ask("/subscriptions", chat=BORIS)
    await bot.telegram.update(
        "callback_query", {**forged, "data": mine.buttons[0].callback_data, "message": other.as_json()}
    )
    await bot.settled()
    assert "Alpha" in (await bot.ask("/subscriptions")).text


async def test_an_old_button_says_so(bot: Bot) -> None:
    """A button whose form is no longer known is answered, not ignored."""
    message = await bot.ask("/help")
    query = {"id": "7", "from": {"id": ANNA, "is_bot": False, "first_name": "A"}, "chat_instance": "1", "data": "x:y:z"}
    await bot.telegram.update("callback_query", {**query, "message": message.as_json()})
    answer = (await bot.telegram.called("answerCallbackQuery"))[-1]
    assert "out of date" in answer.parameters["text"]


@pytest.mark.parametrize(
    "data", ["history:99999999999999999999999", "status:0", "deals:500:", "follow:999999", "sub:1x"]
)
async def test_forged_button_data_is_answered(bot: Bot, data: str) -> None:
    """Data that no button of ours carries is answered as out of date, and moves nothing."""
    message = await bot.ask("/help")
    query = {"id": "7", "from": {"id": ANNA, "is_bot": False, "first_name": "A"}, "chat_instance": "1", "data": data}
    await bot.telegram.update("callback_query", {**query, "message": message.as_json()})
    answer = (await bot.telegram.called("answerCallbackQuery"))[-1]
    assert "out of date" in answer.parameters["text"]


async def test_a_button_under_a_vanished_message_is_answered_anew(bot: Bot) -> None:
    """When the message cannot be edited any more, the answer is a new message."""
    gone = {"message_id": 4, "date": 0, "chat": {"id": ANNA, "type": "private", "first_name": "A"}}
    query = {"id": "7", "from": {"id": ANNA, "is_bot": False, "first_name": "A"}, "chat_instance": "1", "message": gone}
    await bot.telegram.update("callback_query", {**query, "data": "status:3"})
    assert (await bot.telegram.sent(ANNA))[-1].text.startswith("Alpha <Holdings> & Beta")


async def test_a_button_under_a_push_leaves_the_push(bot: Bot) -> None:
    """Asking for the history of a pushed change does not overwrite the news."""
    await bot.ask("/subscribe everything")
    await bot.news("Alpha in talks to buy Beta, Bloomberg reports")
    push = bot.telegram.messages(ANNA)[-1]
    assert (await bot.press(push, "History")).text == push.text
    assert bot.telegram.messages(ANNA)[-1].text.startswith("Alpha <Holdings> & Beta – history")


async def test_groups_are_answered_and_unknown_commands_there_are_left_alone(bot: Bot) -> None:
    """In a group the bot answers its own commands and keeps quiet about those of other bots."""
    await bot.telegram.user_sends(GROUP, "/weather", ANNA)
    answer = await bot.ask("/status alpha-beta", chat=GROUP, user=ANNA)
    assert answer.text.startswith("Alpha")
    assert len(bot.telegram.messages(GROUP)) == 1
