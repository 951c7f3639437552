"""Which links may leave or enter a text: the web and mail, nothing that names a file."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

MAX_CHARACTERS = 2048

_WEB = re.compile(
    r"https?://(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?\.)*[A-Za-z0-9](?:[A-Za-z0-9-]*"
    r"[A-Za-z0-9])?\.?(?::\d{1,5})?(?:[/?#](?:[A-Za-z0-9._~:/?@!$&'()*+,;=-]|%[0-9A-Fa-f]{2})*"
    r"(?:#(?:[A-Za-z0-9._~:/?@!$&'()*+,;=-]|%[0-9A-Fa-f]{2})*)?)?",
)
_MAIL = re.compile(
    r"mailto:(?:[A-Za-z0-9._~!$'*+/=-]|%[0-9A-Fa-f]{2})+@[A-Za-z0-9.-]*[A-Za-z0-9]"
    r"(?:\?(?:[A-Za-z0-9._~:/?@!$&'()*+,;=-]|%[0-9A-Fa-f]{2})*)?"
)


def safe_link(link: str) -> str:
    """Return a web or mail address as RFC 3986 writes it; empty for everything else.

    Letters beyond ASCII are percent-encoded, names of computers as IDNA.
    """
    from markdown_it.common.normalize_url import normalizeLink

    if len(link) > MAX_CHARACTERS:
        return ""
    link = normalizeLink("".join(link.split()))
    scheme, colon, rest = link.partition(":")
    link = scheme.lower() + colon + rest
    if _MAIL.fullmatch(link):
        return link
    try:
        urlsplit(link).port  # noqa: B018 - raises for a port beyond 65535
    except ValueError:
        return ""
    return link if _WEB.fullmatch(link) else ""
