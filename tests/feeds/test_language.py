import pytest

from feeds.language import language


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Carrier said to drop plan to sell the phone after pressure from lawmakers", "en"),
        ("Der Konzern verhandelt über den Verkauf seiner Sparte an einen Rivalen aus den USA", "de"),
        ("Le groupe discute de la vente de sa filiale à un concurrent américain, selon des sources", "fr"),
        (
            "El grupo está negociando la venta de su filial, según dijeron dos personas que conocen el plan",
            "es",
        ),
        ("Компания ведёт переговоры о продаже своего подразделения американскому конкуренту", "ru"),
        ("Deal talks", ""),
        ("", ""),
        ("1,234 5,678 $9.99 +1.2% 0.00 -3.4% 17:30 2018-01-08 " * 5, ""),
        ("Huawei Xiaomi Vodafone Telefonica Siemens Alstom Renault Nissan", ""),
    ],
)
def test_a_language_is_named_only_if_it_is_clear(text: str, code: str) -> None:
    """A sentence has its language; a few words, numbers or mere names have none."""
    assert language(text) == code
