"""What belongs to a company's name and says nothing of the deal.

Its trade and its legal form ("Communications Inc."), where its shares are listed ("(NYSE: T)"), and what a text is to
call it from there on ('(the "Company")'). "Acme Energy Corp. (ACM.N)" is Acme, whether a watchlist has the
ticker or not.
"""

import re
from collections.abc import Sequence
from itertools import islice, takewhile

from matcher.parties import Mention

_TRADES = (
    "aerospace",
    "aircraft",
    "automotive",
    "bancorp",
    "bancshares",
    "bank",
    "banking",
    "beverages?",
    "biosciences?",
    "brands",
    "broadcasting",
    "capital",
    "chemicals?",
    "communications?",
    "computers?",
    "construction",
    "electric",
    "electronics",
    "energy",
    "engineering",
    "enterprises",
    "entertainment",
    "express",
    "financial",
    "foods?",
    "gas",
    "gold",
    "health",
    "healthcare",
    "hotels",
    "industrial",
    "industries",
    "insurance",
    "international",
    "laborator(?:y|ies)",
    "logistics",
    "machines",
    "manufacturing",
    "materials",
    "media",
    "medical",
    "metals",
    "mining",
    "mobile",
    "motors?",
    "networks?",
    "oil",
    "paper",
    "partners",
    "petroleum",
    "pharmaceuticals?",
    "pictures",
    "power",
    "products",
    "properties",
    "publishing",
    "realty",
    "resorts",
    "resources",
    "retail",
    "sciences",
    "semiconductors?",
    "services",
    "software",
    "solutions",
    "steel",
    "stores",
    "studios",
    "systems",
    "technolog(?:y|ies)",
    "telecom",
    "telecommunications?",
    "therapeutics",
    "tobacco",
    "transportation",
    "trust",
    "utilities",
    "wireless",
)
_TRADE = f"(?:{'|'.join(_TRADES)})"
"""Only ahead of a legal form: "Acme Energy Corp.", but not "Acme energy prices"."""

_FORM = (
    r"(?:inc|incorporated|corp|corporation|co|company|companies|cos|ltd|limited|plc|p\.l\.c|llc|l\.l\.c|lp|l\.p|ag|se|"
    r"sa|s\.a|nv|n\.v|spa|s\.p\.a|ab|asa|oyj|gmbh|bhd|holdings?|group|airlines|airways)\b\.?(?!\w)"
)
_EXCHANGE = (
    r"(?:nyse(?: american| arca| mkt)?|nasdaq(?:gs|gm|cm)?|amex|lse|aim|lon|london|tsx(?:-?v| venture)?|tse|hkex|hkg|"
    r"sehk|asx|nzx|nse|bse|etr|fra|xetra|epa|euronext(?: (?:paris|amsterdam|brussels|lisbon))?|swx|six|sto|omx|krx|"
    r"kospi|kosdaq|tyo|jse|sgx|otc(?:qb|qx|bb)?|otc (?:markets|pink)|bovespa|b3|bmv|tase|idx|twse|sse|szse|bme|bit)"
)
_TICKER = r"[a-z.0-9]{1,8}"
_LISTING = rf"(?:{_EXCHANGE}(?:/{_EXCHANGE})?\s?:\s?{_TICKER}|[a-z0-9]{{1,6}}\.[a-z]{{1,3}})"
_LISTED = rf"<[\w.]+>|\({_LISTING}(?:\s?[,;/]\s?{_LISTING})*\)|\({_TICKER}\)"
_DEFINED = r"\([^()]{0,60}\"(?:the )?(?:company|group|corporation|bank|firm|partnership|parent|issuer)\"[^()]{0,20}\)"
_POSSESSIVE = r"(?:'s|')?(?!\w)"
# In "Acme, Inc., has agreed" the second comma belongs to the form; in "Acme, Inc., which has" it does not.
_GOES_ON = r"(?: (?:to|says?|said|has|have|had|will|would|is|are|was|were|agree[ds]?|announce[ds]?|today|on|in|for) )"
_DESIGNATION = re.compile(
    rf"!?{_POSSESSIVE}(?:(?: {_TRADE}){{0,2}}(?: {_FORM}|, {_FORM}(?:,(?={_GOES_ON}))?)){{0,4}}"
    rf"(?:\s*(?:{_LISTED}|{_DEFINED})){{0,4}}{_POSSESSIVE}"
)


def end_of_name(folded: str, mentions: Sequence[Mention], number: int, end: int) -> int:
    """Where a text goes on behind a mention and what belongs to it; nothing that names another company does.

    ``end`` is where the text ends, at the latest.
    """
    mention = mentions[number]
    while found := _DESIGNATION.match(folded, mention.end, end):
        within = takewhile(lambda later: later.start < found.end(), islice(mentions, number + 1, None))
        other = next((later for later in within if not mention.is_of_one_with(later)), None)
        if other is None:
            return found.end()
        end = other.start
    return mention.end
