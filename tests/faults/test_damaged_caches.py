"""What the store keeps beside results, deleted or with bits flipped: no result is lost, none is another."""

import os
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

import pytest
from made_results import made_result, made_spec

import archlab
from archlab.engines.driving import missing_runs
from archlab.processes import identity
from archlab.results.files import write_json
from archlab.results.run_states import runs, stored_sweep_file
from archlab.results.store import Store
from archlab.results.tables import Layout, Place

if TYPE_CHECKING:
    from conftest import Cli

SPECS = [made_spec(f"run{n}", variant=n // 2, seed=n % 2) for n in range(4)]
RESULTS = [made_result(spec) for spec in SPECS]
SWEEP = "name: demo\nbase: base.cfg\nseeds: 2\nswaps:\n  textcat.model: [base, spacy.TextCatBOW.v3]\n"
CACHES = ("plan.json", "sweep.yml", "driver.json", "runs/run0/process.json", "runs/run0/spec.json")
FLIPS = 30
"""Bits of each file, one at a time."""


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    """A sweep of four runs that are done, with all that a grid leaves beside them."""
    monkeypatch.chdir(tmp_path)
    store = Store("demo", Path("experiments"))
    for spec, result in zip(SPECS, RESULTS, strict=True):
        store.prepare(spec, "[nlp]\n")
        store.record(result)
    places = tuple(
        Place(row=row, column=None, variant_id=f"{n:012x}", run_ids=(f"run{2 * n}", f"run{2 * n + 1}"))
        for n, row in enumerate(("base", "TextCatBOW.v3"))
    )
    layout = Layout(sweep="demo", score_name="cats_macro_f", places=places)
    write_json(store.paths.plan, layout.to_dict())
    store.paths.sweep.write_text(SWEEP, encoding="utf8")
    Path("sweep.yml").write_text(SWEEP, encoding="utf8")
    for path in (store.paths.driver, store.paths.run("run0").process):
        write_json(path, identity(os.getpid()) or {})
    return store


def damaged(path: Path) -> Iterator[str]:
    """A file deleted, emptied, and with some of its bits flipped, one after the other."""
    content, random = path.read_bytes(), Random(path.name)
    path.unlink()
    yield "deleted"
    path.write_bytes(b"")
    yield "emptied"
    for place in random.sample(range(len(content)), min(FLIPS, len(content))):
        flipped = content[place] ^ 1 << random.randrange(8)
        path.write_bytes(content[:place] + bytes([flipped]) + content[place + 1 :])
        yield f"byte {place} is {flipped}"


@pytest.mark.parametrize("name", [*CACHES, "comparisons.json"])
def test_the_table_is_the_same_or_what_is_old_is_told(store: Store, cli: "Cli", name: str) -> None:
    whole = cli("table", "sweep.yml")
    assert (whole.code, whole.err) == (0, "")
    for how in damaged(store.paths.folder / name):
        done = cli("table", "sweep.yml")
        assert done.code == 0, how
        assert "Traceback" not in done.err
        assert done.out == whole.out or "plan.json is gone or damaged" in done.err, how
        assert store.results() == RESULTS, how
        assert missing_runs(SPECS, "experiments") == [], how


@pytest.mark.parametrize("name", CACHES)
def test_what_is_said_of_runs_is_said_of_damaged_files_too(store: Store, cli: "Cli", name: str) -> None:
    for how in damaged(store.paths.folder / name):
        assert {state.run_id for state in runs("demo", "experiments")} >= {spec.run_id for spec in SPECS}, how
        assert {state.state for state in runs("demo", "experiments") if state.run_id == "run3"} == {"done"}
        stored_sweep_file(store)
    assert cli("gc", "--dry-run").code == 0
    assert store.results() == RESULTS


def test_the_layout_of_results_without_a_plan_has_them_all(store: Store) -> None:
    store.paths.plan.unlink()
    found = archlab.stored_results("demo", "experiments")
    assert sorted(result.run_id for result in found) == [spec.run_id for spec in SPECS]
    assert [cell.done for row in found.table().rows for cell in row.cells if cell is not None] == [2, 2]
