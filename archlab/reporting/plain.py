"""Text of others, made harmless for a terminal."""

import re

_NOT_PRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def printable(text: str) -> str:
    """Text without what steers a terminal: control characters but newline and tab, and marks of direction."""
    return _NOT_PRINTABLE.sub("", text)
