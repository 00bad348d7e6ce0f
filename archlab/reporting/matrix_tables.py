"""The matrix of blocks and slots as tables: components that are alike share one."""

from collections.abc import Iterator
from dataclasses import dataclass

from archlab.checking.compatibility import Column, Matrix, Sheet
from archlab.checking.fitting import Candidate, Fitness, in_order
from archlab.checking.probing import NOT_PROBED

WARNED, BY_TYPE, UNKNOWN, MISFIT = "fits*", "by type", "?", ""
"""Cells: a probe warns; not tried, for the config fails as it is; the types do not tell; it does not fit."""

Block = tuple[str, str]
"""(registry, name)."""


@dataclass(frozen=True)
class Remark:
    """What there is to say of some blocks in some slots."""

    blocks: tuple[str, ...]
    slots: str
    reason: str


@dataclass(frozen=True)
class Group:
    """Components with the same verdicts in the same slots; sheet: that of the first."""

    components: tuple[str, ...]
    sheet: Sheet

    @property
    def headers(self) -> tuple[str, ...]:
        """A short name for each slot."""
        return tuple(header(column) for column in self.sheet.columns)

    def rows(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        """(block, its cell in each column) for each block that fits somewhere, at least with arguments."""
        columns = [_by_block(column) for column in self.sheet.columns]
        for block in sorted(set().union(*columns), key=_order):
            cells = tuple(cell(found[block]) if block in found else MISFIT for found in columns)
            if set(cells) - {MISFIT, UNKNOWN}:
                yield label(*block), cells

    def remarks(self, wanted: str) -> list[Remark]:
        """What there is to say of the candidates with such a cell, beyond their type."""
        slots: dict[tuple[Block, str], list[str]] = {}
        for column in self.sheet.columns:
            for block, candidate in _by_block(column).items():
                if cell(candidate) == wanted and candidate.reason not in ("", _by_type(candidate)):
                    reason = candidate.reason.replace(candidate.name, "it")
                    slots.setdefault((block, reason), []).append(header(column))
        blocks: dict[tuple[str, str], list[str]] = {}
        for (block, reason), found in sorted(slots.items(), key=lambda item: _order(item[0][0])):
            blocks.setdefault(("; ".join(found), reason), []).append(label(*block))
        return [Remark(tuple(names), found, reason) for (found, reason), names in blocks.items()]


def groups(matrix: Matrix) -> list[Group]:
    """The components of a matrix, those with equal verdicts together, each group by its shortest name."""
    alike: dict[object, list[Sheet]] = {}
    for sheet in sorted(matrix.sheets, key=lambda sheet: (len(sheet.component), sheet.component)):
        alike.setdefault(_verdicts(sheet), []).append(sheet)
    found = [Group(tuple(sheet.component for sheet in sheets), sheets[0]) for sheets in alike.values()]
    return sorted(found, key=lambda group: group.components)


def best_is(matrix: Matrix, verdict: Fitness) -> list[tuple[str, str]]:
    """(block, what it is) of each that has this verdict in some slot and in none a better one."""
    found: dict[Block, list[Candidate]] = {}
    for sheet in matrix.sheets:
        for column in sheet.columns:
            for block, candidate in _by_block(column).items():
                found.setdefault(block, []).append(candidate)
    best = [(block, in_order(found[block])[0]) for block in sorted(found, key=_order)]
    return [(label(*block), one.returns or one.reason) for block, one in best if one.verdict == verdict]


def header(column: Column) -> str:
    """The last part of a slot's path; where the tok2vec there is shared, that is said."""
    name = column.path.rpartition(".")[2]
    return f"{name}, shared" if column.layout == "shared" else name


def cell(candidate: Candidate) -> str:
    """What a table says of a candidate."""
    if candidate.verdict == "fits" and candidate.reason:
        return BY_TYPE if candidate.reason.startswith(NOT_PROBED) else WARNED
    if candidate.verdict == "needs":
        return candidate.reason.removesuffix(": no value is known.")
    return {"fits": "fits", "unknown": UNKNOWN, "misfit": MISFIT}[candidate.verdict]


def label(registry: str, name: str) -> str:
    """A block as people type it: architectures by their name, others with their registry."""
    return name if registry == "architectures" else f"@{registry}:{name}"


def _by_type(candidate: Candidate) -> str:
    """The reason of a candidate whose type alone rules it out."""
    return f"it is {candidate.returns}"


def _by_block(column: Column) -> dict[Block, Candidate]:
    return {(candidate.registry, candidate.name): candidate for candidate in column.candidates}


def _order(block: Block) -> tuple[str, str]:
    return block[0], block[1].casefold()


def _verdicts(sheet: Sheet) -> object:
    """What makes two sheets alike."""
    return tuple(
        (column.path, header(column), tuple(sorted((*block, cell(one)) for block, one in found.items())))
        for column, found in ((column, _by_block(column)) for column in sheet.columns)
    )
