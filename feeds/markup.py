"""From the bytes of a web page to a tree of elements, in the right characters."""

import codecs
from email.message import Message

from lxml import etree, html


def read_html(body: bytes, content_type: str) -> html.HtmlElement | None:
    """The page as lxml sees it, or None where there is nothing to see.

    The encoding is the one that the server names, else UTF-8 if the bytes are UTF-8, else what the page itself says.
    """
    try:
        return html.document_fromstring(body, parser=html.HTMLParser(encoding=_encoding(body, content_type)))
    except (etree.LxmlError, ValueError):
        return None


def _encoding(body: bytes, content_type: str) -> str | None:
    header = Message()
    header["Content-Type"] = content_type
    try:
        return codecs.lookup(header.get_content_charset("")).name
    except LookupError:
        return "utf-8" if _is_utf8(body) else None


def _is_utf8(body: bytes) -> bool:
    try:
        body.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
