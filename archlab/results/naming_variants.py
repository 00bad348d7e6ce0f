"""The two variants, or runs, that a person wants compared: looked for among those that are there."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from archlab.errors import NothingToCompareError, UsageError, did_you_mean
from archlab.records import Result
from archlab.results.collection import load_layout, stored_results, stored_sweeps
from archlab.results.run_states import run_ids
from archlab.results.store import Store
from archlab.results.tables import Layout, Place

MAX_LISTED = 8


@dataclass(frozen=True, kw_only=True)
class Named:
    """What a name stands for: the runs of a row in one column, or a single run."""

    label: str
    column: str | None
    run_ids: tuple[str, ...]
    is_run: bool = False


def find_named(name: str, layout: Layout, by_run: Mapping[str, Result], column: str | None = None) -> Named:
    """The variant or run of a sweep that is meant.

    name: a row of the table, a row with its column, `BOW [spelling]`, or the beginning of a run's id.
    Raises UsageError where there is none, or more than one; NothingToCompareError for a variant that was
    rejected.
    """
    places = _places(name, layout, column)
    if len(places) > 1:
        labels = [place.label for place in places]
        raise UsageError(f"{name} is in several columns.", f"Name one: {', '.join(labels[:MAX_LISTED])}")
    if places:
        return _of_place(places[0])
    found = sorted(run_id for run_id in by_run if run_id.startswith(name))
    if not found:
        raise _unknown(name, layout, by_run, column)
    if len(found) > 1:
        listed = "\n".join(_run_label(run_id, layout, by_run) for run_id in found[:MAX_LISTED])
        more = f"\nand {len(found) - MAX_LISTED} more" if len(found) > MAX_LISTED else ""
        raise UsageError(f"{name} may be\n{listed}{more}", "Type more of it.")
    place = _place_of(found[0], layout)
    return Named(
        label=_run_label(found[0], layout, by_run),
        column=place.column if place else None,
        run_ids=(found[0],),
        is_run=True,
    )


def shared_columns(a: str, b: str, layout: Layout) -> list[str | None]:
    """The columns in which both rows are; [None] where it is not two rows with columns that are named."""
    places_a, places_b = _places(a, layout, None), _places(b, layout, None)
    if len(places_a) < 2 and len(places_b) < 2:
        return [None]
    in_b = {place.column for place in places_b}
    return [place.column for place in places_a if place.column in in_b] or [None]


def find_sweep(a: str, b: str, experiments: str | Path | None = None) -> str:
    """The sweep that has both. Raises UsageError where none has, or more than one."""
    known: dict[str, set[str]] = {}
    rows: set[str] = set()
    for sweep in stored_sweeps(experiments):
        layout, runs = _layout_and_runs(sweep, experiments)
        known[sweep] = {name for name in (a, b) if _is_there(name, layout, runs)}
        rows |= {place.label for place in layout.places} | {place.row for place in layout.places}
    both = [sweep for sweep, names in known.items() if len(names) == len({a, b})]
    if len(both) == 1:
        return both[0]
    if both:
        raise UsageError(f"{a} and {b} are in {', '.join(both)}.", f"Say which: --sweep {both[0]}")
    for name in (a, b):
        if not any(name in names for names in known.values()):
            raise UsageError(
                f"There is no variant or run {name}.",
                did_you_mean(name, rows) or "archlab table and archlab runs list them.",
            )
    of_a, of_b = (", ".join(s for s, names in known.items() if name in names) for name in (a, b))
    raise UsageError(f"{a} is in {of_a}, {b} in {of_b}.", "Two of one sweep can be compared.")


def _places(name: str, layout: Layout, column: str | None) -> list[Place]:
    columns = {place.column for place in layout.places if place.column is not None}
    if column is not None and column not in columns:
        hint = did_you_mean(column, columns) or f"There are {', '.join(sorted(columns)) or 'none'}."
        raise UsageError(f"The table has no column {column}.", hint)
    return [
        place
        for place in layout.places
        if name in (place.row, place.label) and column in (None, place.column)
    ]


def _of_place(place: Place) -> Named:
    if place.rejected is not None:
        raise NothingToCompareError(f"{place.label} was not trained: {place.rejected}")
    return Named(label=place.label, column=place.column, run_ids=place.run_ids)


def _place_of(run_id: str, layout: Layout) -> Place | None:
    return next((place for place in layout.places if run_id in place.run_ids), None)


def _run_label(run_id: str, layout: Layout, by_run: Mapping[str, Result]) -> str:
    place = _place_of(run_id, layout)
    result = by_run[run_id]
    return f"{place.label if place else result.variant} seed {result.seed} ({run_id})"


def _unknown(name: str, layout: Layout, by_run: Mapping[str, Result], column: str | None) -> UsageError:
    rows = dict.fromkeys(text for place in layout.places for text in (place.row, place.label))
    where = f"{layout.sweep} [{column}]" if column is not None else layout.sweep
    hint = did_you_mean(name, [*rows, *by_run]) or f"archlab table {layout.sweep} shows them."
    return UsageError(f"{where} has no variant or run {name}.", hint)


def _layout_and_runs(sweep: str, experiments: str | Path | None) -> tuple[Layout, list[str]]:
    """The rows of a sweep and its runs; without a plan, as its results tell."""
    store = Store(sweep, experiments)
    layout = load_layout(store)
    if layout is None:
        try:
            layout = stored_results(sweep, experiments, per_label=False).layout
        except NothingToCompareError:
            layout = Layout(sweep=sweep, score_name="score", places=())
    return layout, run_ids(store)


def _is_there(name: str, layout: Layout, runs: Iterable[str]) -> bool:
    return bool(_places(name, layout, None)) or any(run_id.startswith(name) for run_id in runs)
