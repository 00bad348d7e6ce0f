"""The matrix of blocks and slots as a page to look things up in."""

from collections.abc import Iterable, Iterator

from archlab.checking.compatibility import Column, Matrix
from archlab.plain import printable
from archlab.reporting.matrix_tables import (
    BY_TYPE,
    MISFIT,
    UNKNOWN,
    WARNED,
    Group,
    Remark,
    best_is,
    groups,
    header,
)

MAX_REASON = 200

INTRODUCTION = """\
# Which block fits where

Every architecture and layer that is registered, in every slot of the model of every trainable component.
Look up the component, then the row of the block that you have in mind.

Made by `{command}` with {versions}.
{proof}

For a config of your own, and for your own blocks, ask archlab itself:
`archlab fits tagger.model --base my.cfg --code blocks.py`.

## How to read it

{legend}

Columns are slots, named by the last part of their path: `embed` is `model.tok2vec.embed`. "Shared" means that
the component listens to a `tok2vec` before it in the pipeline. Where a component's own tok2vec has no `embed`
and `encode`, these two columns are about the same component with a `spacy.Tok2Vec.v2` in that place.

A block goes in as `archlab swap` puts it there: arguments that nobody gives are carried over from the block
that was there, or have their documented values. "Right type, and still no" tells what is wrong then; with
other arguments it may fit.
"""

PROBED = """\
Each `fits` has been tried: the pipeline was built, initialized, updated three times on a few made-up
documents, evaluated, saved and loaded again."""

NOT_PROBED = """\
Nothing was trained for it: it compares signatures, arguments, widths, listeners and labels. Some of what
fits by these still fails when it is trained; `--probe` tries each."""

LEGEND = {
    False: {
        "fits": "put there without further arguments, it gives a config without errors",
        "needs ...": "its type fits; no value is known for the argument named",
        UNKNOWN: "neither its signature nor the config tells",
        MISFIT: "it does not fit",
    },
    True: {
        "fits": "put there without further arguments, it trains",
        WARNED: "it trains, and something about it is odd: the list below the table tells what",
        "needs ...": "its type fits; no value is known for the argument named, so it was not tried",
        BY_TYPE: "its type fits; it could not be tried, as the list below the table tells",
        UNKNOWN: "its signature does not tell, and without arguments it could not be tried",
        MISFIT: "it does not fit",
    },
}


def matrix_page(matrix: Matrix) -> str:
    """The whole page, as Markdown."""
    return printable("\n".join(_page(matrix)) + "\n")


def group_table(group: Group) -> str:
    """A group's table: a row per block, a column per slot."""
    rows = ((f"`{name}`", *cells) for name, cells in group.rows())
    return "\n".join(table(("block", *group.headers), rows))


def _page(matrix: Matrix) -> Iterator[str]:
    found = groups(matrix)
    yield INTRODUCTION.format(
        command=f"archlab matrix {'--probe ' if matrix.is_probed else ''}--format markdown",
        versions=", ".join(f"{name} {version}" for name, version in matrix.versions.items()),
        proof=PROBED if matrix.is_probed else NOT_PROBED,
        legend="\n".join(table(("cell", "meaning"), LEGEND[matrix.is_probed].items())),
    )
    yield "## Components\n"
    yield from (f"- [{_title(group)}](#{_anchor(_title(group))})" for group in found)
    for group in found:
        yield from _section(group)
    yield from _blocks("What fits nowhere", "in none of these slots", best_is(matrix, "misfit"))
    yield from _blocks(
        "What cannot be told", "in none of these slots for sure, in some perhaps", best_is(matrix, "unknown")
    )
    if matrix.left_out:
        yield "\n## Left out\n"
        yield from (f"- `{name}`: {_short(reason)}" for name, reason in matrix.left_out.items())


def _section(group: Group) -> Iterator[str]:
    yield f"\n## {_title(group)}\n"
    if len(group.components) > 1:
        yield f"The same verdicts for all of them; slots and lists are those of `{group.components[0]}`.\n"
    yield from map(_slot, group.sheet.columns)
    yield f"\n{group_table(group)}"
    yield from _list(f"`{WARNED}`: it trains, but", group.remarks(WARNED))
    yield from _list("Right type, and still no", group.remarks(MISFIT))
    yield from _list("Not tried", group.remarks(BY_TYPE))


def _blocks(title: str, where: str, blocks: Iterable[tuple[str, str]]) -> Iterator[str]:
    rows = [(f"`{name}`", f"`{what}`") for name, what in blocks]
    if rows:
        yield f"\n## {title}\n"
        yield f"These fit {where}.\n"
        yield from table(("block", "what it is"), rows)


def _slot(column: Column) -> str:
    expects = f"expects `{column.slot.expects}`" if column.slot.expects else "states no type"
    return f"- {header(column)}: `{column.slot.short}` {expects}; there is `{column.slot.block}`"


def _list(title: str, remarks: list[Remark]) -> Iterator[str]:
    if remarks:
        yield f"\n{title}:\n"
        for remark in remarks:
            names = ", ".join(f"`{name}`" for name in remark.blocks)
            yield f"- {names} ({remark.slots}): {_short(remark.reason)}"


def table(headers: Iterable[str], rows: Iterable[Iterable[str]]) -> Iterator[str]:
    """The lines of a table."""
    named = tuple(headers)
    yield f"| {' | '.join(named)} |"
    yield f"| {' | '.join('---' for _ in named)} |"
    yield from (f"| {' | '.join(map(_cell, row))} |" for row in rows)


def _cell(text: str) -> str:
    """A text that stays in its cell."""
    return " ".join(printable(text).split("\n")).replace("|", "\\|")


def _short(reason: str) -> str:
    text = " ".join(reason.split())
    text = text if len(text) <= MAX_REASON else f"{text[:MAX_REASON]} ..."
    return text.replace("<", "&lt;")


def _title(group: Group) -> str:
    return ", ".join(group.components)


def _anchor(title: str) -> str:
    """As GitHub makes it of a heading."""
    return title.replace(",", "").replace(" ", "-")
