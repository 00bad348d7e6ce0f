"""A store of runs that can be compared by seed and by document: three variants of known worth."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from random import Random

from made_results import made_per_doc, made_result, made_spec

from archlab.records import Result
from archlab.results.files import write_json
from archlab.results.layouts import Layout, Place
from archlab.results.store import Store

DOCUMENTS = 60
SHARES = {"base": 0.95, "BOW": 0.6, "Reduce": 0.9}


def right(variant: str, seed: int) -> list[bool]:
    """Which documents a run has right."""
    random = Random(f"{variant} {seed}")
    return [random.random() < SHARES[variant] for _ in range(DOCUMENTS)]


def run(variant: str, seed: int, **changed: object) -> Result:
    made = made_result(made_spec(f"{variant}{seed}", variant=list(SHARES).index(variant), seed=seed))
    acc = sum(right(variant, seed)) / DOCUMENTS
    return replace(made, scores={"acc": acc, "score": acc}, **changed)  # type: ignore[arg-type]


def a_layout(seeds: int = 3, variants: Sequence[str] = tuple(SHARES), score_name: str = "acc") -> Layout:
    """A row per variant."""
    places = tuple(
        Place(
            row=row,
            column=None,
            variant_id=row,
            run_ids=tuple(f"{row}{seed}" for seed in range(seeds)),
            score_weights=(("acc", 1.0),),
        )
        for row in variants
    )
    return Layout(sweep="demo", score_name=score_name, places=places)


def with_columns() -> Layout:
    """The base and one other in two columns: better in the one, about the same in the other."""
    layout = a_layout()
    high, low, middle = layout.places
    rows = {"base": {"easy": low, "hard": high}, "deep": {"easy": high, "hard": middle}}
    places = tuple(
        replace(place, row=row, column=column) for row in rows for column, place in rows[row].items()
    )
    return replace(layout, places=places)


def a_sweep(folder: Path, layout: Layout, *, by_document: bool = True) -> Store:
    """All runs of a layout, done."""
    store = Store("demo", folder)
    write_json(store.paths.plan, layout.to_dict())
    for place in layout.places:
        for run_id in place.run_ids:
            variant, seed = run_id[:-1], int(run_id[-1])
            write_json(store.paths.run(run_id).result, run(variant, seed).to_dict())
            if by_document:
                write_json(store.paths.run(run_id).per_doc, made_per_doc(right(variant, seed)))
    return store
