"""What Telegram makes of HTML."""

import pytest

from standin.markup import EntityError, read_html


@pytest.mark.parametrize(
    ("source", "complaint"),
    [
        ("<p>x</p>", 'Unsupported start tag "p" at byte offset 0'),
        ("é<br/>", 'Unsupported start tag "br/" at byte offset 2'),
        ("a < b", 'Unsupported start tag "" at byte offset 2'),
        ("AT&T <3", "Unclosed start tag at byte offset 5"),
        ("<b", "Unclosed start tag at byte offset 0"),
        ("<a href", 'Unclosed start tag "a" at byte offset 0'),
        ("<a href=", 'Unclosed start tag "a" at byte offset 0'),
        ('<a href="x', "Unclosed start tag at byte offset 0"),
        ("<a href=x/y>z</a>", "Unexpected end of name token at byte offset 8"),
        ("<b />", 'Empty attribute name in the tag "b" at byte offset 0'),
        ("<span>x</span>", 'Tag "span" must have class "tg-spoiler" at byte offset 0'),
        ('<span class="loud">x</span>', 'Tag "span" must have class "tg-spoiler" at byte offset 0'),
        ("é<b>x", 'Can\'t find end tag corresponding to start tag "b"'),
        ("é</b>", "Unexpected end tag at byte offset 2"),
        ("<b>x</b", "Unclosed end tag at byte offset 4"),
        ("<b><i>x</b></i>", 'Unmatched end tag at byte offset 7, expected "</i>", found "</b>"'),
        ('<tg-emoji emoji-id="x">👍</tg-emoji>', "Invalid custom emoji identifier specified"),
        ("<blockquote>a<blockquote>b</blockquote></blockquote>", "Blockquotes can't be nested"),
        ("<blockquote>a<b><blockquote expandable>b</blockquote></b></blockquote>", "Blockquotes can't be nested"),
        ("&#xd83d;", "invalid Unicode characters"),
    ],
)
def test_broken_html_is_refused(source: str, complaint: str) -> None:
    """HTML that Telegram cannot read is refused with its reason."""
    with pytest.raises(EntityError) as error:
        read_html(source)
    assert complaint in str(error.value)


@pytest.mark.parametrize(
    ("source", "kinds"),
    [
        ("<b>a</b><i>b</i><u>c</u><s>d</s>", ["bold", "italic", "underline", "strikethrough"]),
        ("<STRONG>a</Strong><em>b</em><ins>c</ins><strike>d</><del>e</del >", [
            "bold", "italic", "underline", "strikethrough", "strikethrough",
        ]),
        ('<span class="tg-spoiler">a</span><tg-spoiler>b</tg-spoiler>', ["spoiler", "spoiler"]),
        ("<blockquote expandable>a</blockquote><blockquote>b</blockquote>", ["expandable_blockquote", "blockquote"]),
        ("<blockquote>a</blockquote>b<blockquote>c</blockquote>", ["blockquote", "blockquote"]),
        ('<a href="https://example.org/?a=1&amp;b=2">a</a>', ["text_link"]),
        ("<a href='tg://resolve?domain=x'>a</a><a href=\"example.org\">b</a>", ["text_link", "text_link"]),
        ("<a href='tg://user?id=42'>a</a>", ["text_mention"]),
        ("<a>https://example.org</a><a href=example.org>b</a>", ["text_link", "text_link"]),
        ("<a>a</a><a href=''>b</a><a href='mailto:a@example.org'>c</a><a href='javascript:x'>d</a>", []),
        ("<a href='https://nowhere'>a</a><a href='/deals'>b</a><a href='gopher://example.org'>c</a>", []),
        ('<tg-emoji emoji-id="5368324170671202286">👍</tg-emoji>', ["custom_emoji"]),
        ("<b><i>a</i>b</b>", ["bold", "italic"]),
        ("<blockquote><b>a</b> <code>b</code></blockquote>", ["blockquote", "bold", "code"]),
        ("<a href='https://example.org'><b>a</b><a href='https://example.com'>b</a></a>", ["text_link", "bold"]),
        ("<code><b>a</b></code><pre>b<i>c</i></pre>", ["code", "pre"]),
        ("<b>a<code>b</code>c</b>", ["bold", "code", "bold"]),
        ("<b><code>b</code></b>", ["code"]),
        ("<b></b><code> </code>a", []),
    ],
)  # fmt: skip
def test_good_html_is_read(source: str, kinds: list[str]) -> None:
    """Every tag makes its entity; what may not lie in each other, and links to nowhere, become plain text."""
    _, entities = read_html(source)
    assert [entity["type"] for entity in entities] == kinds


@pytest.mark.parametrize(
    "source",
    [
        '<pre><code class="language-python">x</code></pre>',
        '<code class="language-python"><pre>x</pre></code>',
    ],
)
def test_a_block_of_code_has_a_language(source: str) -> None:
    """Code in a block is one entity, which knows its language."""
    assert read_html(source) == ("x", [{"type": "pre", "offset": 0, "length": 1, "language": "python"}])


def test_code_in_a_line_has_no_language() -> None:
    """Telegram forgets it."""
    assert read_html('<code class="language-python">x</code>')[1] == [{"type": "code", "offset": 0, "length": 1}]


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("&lt;b&gt; AT&amp;T &quot;", '<b> AT&T "'),
        ("AT&T & Co &; &#; &#x; &#0;", "AT&T & Co &; &#; &#x; &#0;"),
        ("&nbsp;&apos;&LT;&copy;", "&nbsp;&apos;&LT;&copy;"),
        ("&#39;&#x27;&#128245;&#x1F4F5;", "''📵📵"),
        ("AT&ampT", "AT&ampT"),
        ("AT&amp T &#39 x", "AT& T ' x"),
        ("&#0000000039;", "&#0000000039;"),
        ("&amp;lt;", "&lt;"),
    ],
)
def test_references_are_read(source: str, text: str) -> None:
    """Four names and the numbers are known, with or without a semicolon; all else stays as it is written."""
    assert read_html(source)[0] == text


def test_blanks_around_a_message_are_cut() -> None:
    """Entities move along with the text, and count in UTF-16."""
    assert read_html("\n <b> 📵 a </b><i> </i>\n") == ("📵 a", [{"type": "bold", "offset": 0, "length": 4}])


def test_a_hundred_entities_are_kept() -> None:
    """The others are dropped without a word."""
    text, entities = read_html("<b>a</b> " * 101)
    assert (len(text), len(entities)) == (201, 100)
