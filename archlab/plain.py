"""Text that others wrote, without what would act on a terminal or change how it reads."""

import re

_ESCAPES = r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]|\x1b[ -/]*[0-~]"
"""Colours, moves of the cursor; of what sets a title or a clipboard the beginning: no text is hidden."""

_ODD = "[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
"""C0 controls but tab and newline, DEL, C1 controls, what reverses the direction of text, halves of pairs."""

_FOUND = re.compile(_ODD)
_REMOVED = re.compile(f"{_ESCAPES}|{_ODD}")


def printable(text: str) -> str:
    """The text without escape sequences and control characters other than tab and newline.

    Overrides and isolates of bidirectional text go, too: they show another order than the text has. A half
    of a surrogate pair, which no stream can write, becomes U+FFFD.
    """
    return _REMOVED.sub(_replacement, text) if _FOUND.search(text) else text


def odd_character(text: str) -> str | None:
    r"""The first character that `printable` does not let through, as `\x1b` or `\u202e`; None without one."""
    found = _FOUND.search(text)
    if found is None:
        return None
    number = ord(found[0])
    return f"\\x{number:02x}" if number < 0x100 else f"\\u{number:04x}"


def escaped_json(text: str) -> str:
    r"""A JSON text with those characters as `\u202e`: it means the same, for only strings hold them."""
    return _FOUND.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def _replacement(found: re.Match[str]) -> str:
    return "\ufffd" if "\ud800" <= found[0] <= "\udfff" else ""
