from datetime import UTC, datetime, timedelta

import pytest

from feeds.fetch import FetchError, Gone, Refused, ServerTrouble, TooLarge, TooMany, TooSlow, Unreachable
from feeds.pages import MAX_ROBOTS, MAX_SITES, ROBOTS_AGE, UNREACHABLE_AGE, Robots, read_page
from models.wording import Wording

ARTICLE = """<html><head><title>T</title></head><body><nav><a href="/">Home</a> <a href="/deals">Deals</a></nav>
<article><h1>Übernahme geplatzt</h1>
<p>The company said on Monday that it would not buy its rival for three billion euros – “not now”, it said.</p>
<p>The board of the rival had turned down two lower offers since the summer, people close to it said.</p></article>
<section id="comments">
<div class="comment"><p>First! I never believed in this deal, and neither did you.</p></div></section>
<footer>Copyright by nobody. All rights reserved. Terms. Privacy.</footer></body></html>"""


@pytest.mark.parametrize(
    ("encoding", "content_type"),
    [("utf-8", "text/html"), ("windows-1252", "text/html; charset=windows-1252"), ("utf-16", "text/html")],
)
def test_the_text_of_an_article_is_found(encoding: str, content_type: str) -> None:
    """The paragraphs of the article are there, line by line; menus, comments and the imprint are not."""
    text = read_page(ARTICLE.encode(encoding), content_type, "https://paper.example/a")
    assert text.splitlines()[-2:] == [
        "The company said on Monday that it would not buy its rival for three billion euros – “not now”, it said.",
        "The board of the rival had turned down two lower offers since the summer, people close to it said.",
    ]
    assert not any(word in text for word in ("Home", "believed", "Copyright"))


@pytest.mark.parametrize("body", [b"", b" ", b"\0", b"<html></html>", b"\x89PNG\r\n", b"<html><body><nav>x</nav>"])
def test_a_page_without_an_article_has_no_text(body: bytes) -> None:
    """Nothing to read is an empty text, not an error."""
    assert read_page(body, "text/html", "https://paper.example/a") == ""


class Site:
    """Answers for robots.txt, and remembers what it was asked."""

    def __init__(self, answer: str | bytes | FetchError) -> None:
        self.answer = answer
        self.asked: list[str] = []
        self.now = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
        self.robots = Robots(self._fetch, lambda: self.now)

    async def _fetch(self, url: str) -> bytes:
        self.asked.append(url)
        if isinstance(self.answer, FetchError):
            raise self.answer
        return self.answer if isinstance(self.answer, bytes) else self.answer.encode()

    async def allows(self, path: str) -> bool:
        return await self.robots.allows(f"https://paper.example{path}")


@pytest.mark.parametrize(
    ("robots", "path", "allowed"),
    [
        ("", "/a", True),
        ("User-agent: *\nDisallow: /", "/a", False),
        ("User-agent: *\nDisallow: /private", "/a", True),
        ("User-agent: *\nDisallow: /private", "/private/a", False),
        ("User-agent: *\nDisallow: /\nAllow: /news", "/news/1", True),
        ("User-agent: *\nDisallow: /*.pdf$", "/a.pdf", False),
        ("User-agent: *\nDisallow: /\n\nUser-agent: hearsay\nDisallow:", "/a", True),
        ("User-agent: HEARSAY\nDisallow: /\n\nUser-agent: *\nDisallow:", "/a", False),
        ("User-agent: hear\nDisallow: /x", "/a", True),
        ("User-agent: other\nDisallow: /", "/a", True),
        ("\ufeffUser-agent: *\nDisallow: /", "/a", False),
        ("<html>no robots here</html>", "/a", True),
    ],
)
async def test_the_rules_for_us_are_kept(robots: str, path: str, allowed: bool) -> None:
    """The group that names Hearsay counts, else the one for all; the longest match wins (RFC 9309)."""
    assert await Site(robots).allows(path) is allowed


@pytest.mark.parametrize(
    ("error", "allowed"),
    [
        (Refused(Wording("404")), True),
        (Gone(Wording("410")), True),
        (TooMany(Wording("429")), True),
        (ServerTrouble(Wording("500")), False),
        (Unreachable(Wording("no name")), False),
        (TooSlow(Wording("later")), False),
        (TooLarge(Wording("endless")), False),
    ],
)
async def test_no_rules_are_read_as_the_rfc_says(error: FetchError, allowed: bool) -> None:
    """A refusal (4xx) means no rules; a site in trouble or out of reach stays closed (RFC 9309, 2.3.1)."""
    assert await Site(error).allows("/a") is allowed


async def test_each_site_is_asked_once_a_day() -> None:
    """Rules hold for a day and for one scheme, host and port, whatever its spelling."""
    site = Site("User-agent: *\nDisallow: /private")
    for address in ("https://a.example/1", "https://A.example/2?x=1", "https://me:pw@a.example/3"):
        assert await site.robots.allows(address)
    assert site.asked == ["https://a.example/robots.txt"]
    assert await site.robots.allows("http://a.example/1")
    assert await site.robots.allows("https://a.example:8443/1")
    assert site.asked[1:] == ["http://a.example/robots.txt", "https://a.example:8443/robots.txt"]
    site.now += ROBOTS_AGE - timedelta(seconds=1)
    assert not await site.robots.allows("https://a.example/private")
    assert len(site.asked) == 3
    site.now += timedelta(seconds=1)
    site.answer = ""
    assert await site.robots.allows("https://a.example/private")
    assert len(site.asked) == 4


async def test_a_site_in_trouble_is_asked_again_sooner() -> None:
    """An hour's outage does not close a site for a day."""
    site = Site(Unreachable(Wording("no name")))
    assert not await site.allows("/a")
    site.answer = ""
    assert not await site.allows("/a")
    site.now += UNREACHABLE_AGE
    assert await site.allows("/a")


async def test_only_the_beginning_of_giant_rules_is_read() -> None:
    """What stands behind the first 500 KiB does not count (RFC 9309, 2.5)."""
    filler = "#" * (MAX_ROBOTS - 100) + "\n"
    rules = "User-agent: *\nDisallow: /"
    assert not await Site(filler + rules).allows("/a")
    assert await Site("#" * 200 + filler + rules).allows("/a")


async def test_not_every_site_is_remembered() -> None:
    """The site asked for least recently is forgotten first."""
    site = Site("")
    for number in range(MAX_SITES):
        await site.robots.allows(f"https://{number}.example/")
    await site.robots.allows("https://0.example/")
    await site.robots.allows("https://new.example/")
    site.asked.clear()
    await site.robots.allows("https://0.example/")
    await site.robots.allows("https://1.example/")
    assert site.asked == ["https://1.example/robots.txt"]


@pytest.mark.parametrize("url", ["", "ftp://a.example/", "javascript:x", "http://[::1", "https:///a"])
async def test_what_is_no_web_address_is_not_allowed(url: str) -> None:
    """Nothing is asked for an address that nobody would fetch."""
    site = Site("")
    assert not await site.robots.allows(url)
    assert site.asked == []
