"""Text of others before it is printed: what acts on a terminal goes, what is read stays."""

import io
import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archlab.errors import explain
from archlab.plain import escaped_json, odd_character, printable
from archlab.reporting.consoles import make_console

ANYTHING = st.text(st.characters(codec=None))
ODD = st.sampled_from(
    ["\x1b[31m", "\x1b]0;t\x07", "\x9b2J", "\x1b", "\x7f", "\u202e", "\u2066", "\ud800", "\r"]
)
HOSTILE = st.lists(st.one_of(ANYTHING, ODD)).map("".join)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("plain, 普通, עברית, naïve ✓ 👩‍🔬", "plain, 普通, עברית, naïve ✓ 👩‍🔬"),
        ("a\tb\nc", "a\tb\nc"),
        ("\x1b[1;31mred\x1b[0m", "red"),
        ("\x1b]0;owned\x07title", "0;ownedtitle"),
        ("\x1b[2J\x1b[H\x1b(0\x1bcgone", "gone"),
        ("\x9b31mred", "red"),
        ("\x1b\x1b[31m[31mred", "[31mred"),
        ("a\x00b\x08c\x7fd\re", "abcde"),
        ("user\u202egpj.exe\u202c \u2066x\u2069", "usergpj.exe x"),
        ("half \ud83d", "half \ufffd"),
    ],
)
def test_what_acts_goes_and_what_is_read_stays(text: str, said: str) -> None:
    assert printable(text) == said


@given(HOSTILE)
def test_nothing_odd_is_left_whatever_comes(text: str) -> None:
    plain = printable(text)
    assert odd_character(plain) is None
    assert not {unicodedata.category(c) for c in plain if c not in "\n\t"} & {"Cc", "Cs"}
    assert printable(plain) == plain
    plain.encode("utf8")


@given(HOSTILE)
def test_json_means_the_same_and_holds_nothing_odd(text: str) -> None:
    written = escaped_json(json.dumps({text: [text]}, ensure_ascii=False))
    assert json.loads(written) == {text: [text]}
    assert odd_character(written) is None


@given(HOSTILE)
def test_no_console_prints_it(text: str) -> None:
    from rich.table import Table

    stream = io.StringIO()
    console = make_console(stream)
    table = Table(text)
    table.add_row(text)
    for shown in (text, table):
        console.print(shown, style="red", soft_wrap=True)
    assert odd_character(stream.getvalue()) is None


def test_exceptions_are_told_without_them() -> None:
    assert explain(ValueError("\x1b[1mbold\x1b[0m \x9b2J\u202e")) == "ValueError: bold"
    named = type("Odd\x1b[31m", (Exception,), {})
    assert explain(named()) == "Odd"
