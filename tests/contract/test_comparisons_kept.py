"""The comparisons of a table: what is compared, what is kept beside the results, and when it is made anew."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from compared_runs import DOCUMENTS, a_layout, a_sweep, right, run
from made_results import made_per_doc

from archlab.records import Result
from archlab.results import comparisons, paired_scores
from archlab.results.collection import stored_results
from archlab.results.files import write_json
from archlab.results.statistics import compare
from archlab.results.store import Store
from archlab.results.tables import Cell, Table

if TYPE_CHECKING:
    from conftest import Cli

WEIGHTS = (("acc", 0.25), ("other", 0.75))


def table_of(folder: Path) -> Table:
    return stored_results("demo", folder).table()


def cells_of(folder: Path) -> dict[str, Cell]:
    return {row.label: cell for row in table_of(folder).rows for cell in row.cells if cell is not None}


@pytest.fixture
def compared(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """The variants that have really been compared, pair by pair."""
    pairs: list[tuple[str, str]] = []
    whole = paired_scores.Scores.compare

    def watched(self: paired_scores.Scores, first: list[Result], second: list[Result], name: str) -> object:
        pairs.append((first[0].run_id[:-1], second[0].run_id[:-1]))
        return whole(self, first, second, name)

    monkeypatch.setattr(paired_scores.Scores, "compare", watched)
    return pairs


def test_each_is_compared_with_the_base_and_the_best_by_seed_and_document(tmp_path: Path) -> None:
    a_sweep(tmp_path, a_layout())
    cells = cells_of(tmp_path)
    expected = compare(*([right(name, seed) for seed in range(3)] for name in ("BOW", "base")))
    found = cells["BOW"].comparison
    assert found is not None
    assert found.generalises_over == "seeds and documents"
    assert found.difference == pytest.approx(expected.difference)
    assert found.p == pytest.approx(expected.p)
    assert cells["BOW"].difference == found.difference
    assert found.p is not None
    assert cells["BOW"].p_corrected == 2 * found.p
    assert not cells["BOW"].within_noise
    assert cells["Reduce"].within_noise
    assert {name: cell.best for name, cell in cells.items()} == {"base": True, "Reduce": True, "BOW": False}
    assert cells["base"].comparison is None


def test_what_was_compared_is_not_compared_again_and_gives_the_same_bytes(
    tmp_path: Path, compared: list[tuple[str, str]]
) -> None:
    store = a_sweep(tmp_path, a_layout())
    first = json.dumps(table_of(tmp_path).to_dict())
    kept = store.paths.comparisons.read_bytes()
    assert compared == [("BOW", "base"), ("Reduce", "base")]
    assert json.dumps(table_of(tmp_path).to_dict()) == first
    assert store.paths.comparisons.read_bytes() == kept
    assert len(compared) == 2
    store.paths.comparisons.unlink()
    assert json.dumps(table_of(tmp_path).to_dict()) == first
    assert store.paths.comparisons.read_bytes() == kept


@pytest.mark.parametrize("form", ["text", "json", "csv", "markdown", "latex"])
def test_reruns_on_the_same_store_give_the_same_bytes(tmp_path: Path, cli: "Cli", form: str) -> None:
    store = a_sweep(tmp_path, a_layout())
    first, again = (cli("table", "demo", "--experiments", tmp_path, "--format", form) for _ in range(2))
    store.paths.comparisons.unlink()
    anew = cli("table", "demo", "--experiments", tmp_path, "--format", form)
    assert first.out == again.out == anew.out
    assert "BOW" in first.out


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--sort", "wrods"), "Did you mean words?"),
        (("--hide", "diference"), "Did you mean difference?"),
        (("--columns", "params,memroy"), "Did you mean memory?"),
        (("--top", "0"), "--top"),
        (("--precision", "0"), "--precision"),
    ],
)
@pytest.mark.parametrize("form", ["text", "csv"])
def test_slips(tmp_path: Path, cli: "Cli", options: Sequence[str], told: str, form: str) -> None:
    a_sweep(tmp_path, a_layout())
    done = cli("table", "demo", "--experiments", tmp_path, *options, "--format", form)
    assert (done.code, done.out) == (2, "")
    assert told in done.err


def better_score(store: Store) -> None:
    changed = run("BOW", 1)
    write_json(store.paths.run("BOW1").result, replace(changed, scores={"acc": 0.7}).to_dict())


def failed_run(store: Store) -> None:
    write_json(store.paths.run("BOW1").result, run("BOW", 1, status="failed").to_dict())


def other_counts(store: Store) -> None:
    file = store.paths.run("BOW1").per_doc
    write_json(file, made_per_doc(right("BOW", 1)[::-1]))


def no_counts(store: Store) -> None:
    store.paths.run("BOW1").per_doc.unlink()


def other_weights(store: Store) -> None:
    layout = a_layout()
    places = tuple(replace(p, score_weights=WEIGHTS) if p.row == "BOW" else p for p in layout.places)
    write_json(store.paths.plan, replace(layout, places=places).to_dict())


@pytest.mark.parametrize("change", [better_score, failed_run, other_counts, no_counts, other_weights])
def test_what_a_change_touches_is_compared_anew_and_nothing_else(
    tmp_path: Path, compared: list[tuple[str, str]], change: Callable[[Store], None]
) -> None:
    store = a_sweep(tmp_path, a_layout())
    table_of(tmp_path)
    del compared[:]
    change(store)
    table_of(tmp_path)
    assert compared == [("BOW", "base")]


def test_another_method_compares_anew(
    tmp_path: Path, compared: list[tuple[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    a_sweep(tmp_path, a_layout())
    table_of(tmp_path)
    monkeypatch.setattr(comparisons, "METHOD", comparisons.METHOD + 1)
    table_of(tmp_path)
    assert len(compared) == 4


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_keeps_nothing(tmp_path: Path) -> None:
    store = a_sweep(tmp_path, a_layout())
    store.paths.folder.chmod(0o500)
    try:
        assert cells_of(tmp_path)["BOW"].p_corrected is not None
        assert not store.paths.comparisons.exists()
    finally:
        store.paths.folder.chmod(0o700)


def test_a_cache_that_cannot_be_written_is_no_error(tmp_path: Path) -> None:
    store = a_sweep(tmp_path, a_layout())
    store.paths.comparisons.mkdir()
    (store.paths.comparisons / "file").touch()
    assert cells_of(tmp_path)["BOW"].p_corrected is not None


def test_one_seed_is_tested_over_documents(tmp_path: Path) -> None:
    a_sweep(tmp_path, a_layout(seeds=1))
    found = cells_of(tmp_path)["BOW"].comparison
    assert found is not None
    assert (found.generalises_over, found.seeds, found.documents) == ("documents", 1, DOCUMENTS)


def test_one_seed_without_documents_is_not_tested_and_the_highest_mean_is_best(tmp_path: Path) -> None:
    a_sweep(tmp_path, a_layout(seeds=1), by_document=False)
    cells = cells_of(tmp_path)
    assert [cell.p_corrected for cell in cells.values()] == [None, None, None]
    assert [name for name, cell in cells.items() if cell.best] == ["base"]
    assert not cells["BOW"].within_noise


@pytest.mark.parametrize("version", [2, "1", None])
def test_counts_of_another_schema_leave_the_seeds(tmp_path: Path, version: int) -> None:
    store = a_sweep(tmp_path, a_layout())
    counts = made_per_doc(right("BOW", 1), schema_version=version)
    write_json(store.paths.run("BOW1").per_doc, counts)
    found = cells_of(tmp_path)["BOW"].comparison
    assert found is not None
    assert (found.generalises_over, found.seeds, found.documents) == ("seeds", 3, None)


def test_one_variant_has_nothing_to_be_compared_with(tmp_path: Path) -> None:
    store = a_sweep(tmp_path, a_layout(variants=["base"]))
    (cell,) = cells_of(tmp_path).values()
    assert (cell.best, cell.comparison, cell.p_best) == (True, None, None)
    assert not store.paths.comparisons.exists()


def test_without_a_base_all_are_compared_with_the_best(tmp_path: Path) -> None:
    a_sweep(tmp_path, a_layout(variants=["BOW", "Reduce"]))
    cells = cells_of(tmp_path)
    assert [cell.difference for cell in cells.values()] == [None, None]
    assert [name for name, cell in cells.items() if cell.best] == ["Reduce"]
    assert cells["BOW"].p_best is not None


def test_runs_without_the_score_are_left_out(tmp_path: Path) -> None:
    store = a_sweep(tmp_path, a_layout())
    for seed in range(3):
        other = replace(run("BOW", seed), scores={"ents_f": 0.5})
        write_json(store.paths.run(f"BOW{seed}").result, other.to_dict())
    cells = cells_of(tmp_path)
    assert (cells["BOW"].score, cells["BOW"].difference, cells["BOW"].comparison) == (None, None, None)
    assert cells["Reduce"].comparison is not None


def test_seeds_that_only_one_has_finished_are_not_compared(tmp_path: Path) -> None:
    store = a_sweep(tmp_path, a_layout())
    store.paths.run("BOW0").result.unlink()
    store.paths.run("base2").result.unlink()
    found = cells_of(tmp_path)["BOW"]
    assert found.comparison is not None
    assert found.comparison.seeds == 1
    assert found.difference == pytest.approx((sum(right("BOW", 1)) - sum(right("base", 1))) / DOCUMENTS)


def test_the_weighted_score_is_compared_by_document(tmp_path: Path) -> None:
    a_sweep(tmp_path, a_layout(score_name="score"))
    found = cells_of(tmp_path)["BOW"].comparison
    assert found is not None
    assert found.documents == DOCUMENTS


def test_nothing_new_needs_neither_numpy_nor_scipy(tmp_path: Path) -> None:
    a_sweep(tmp_path / "experiments", a_layout())
    code = (
        "import sys\nfrom archlab.cli.app import app\n"
        "app(['table', 'demo'], standalone_mode=False)\n"
        "print('loaded', *sorted({'numpy', 'scipy', 'spacy'} & set(sys.modules)))"
    )
    command = [sys.executable, "-c", code]
    first, second = (
        subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True).stdout.splitlines()
        for _ in range(2)
    )
    assert (first[-1], second[-1]) == ("loaded numpy scipy", "loaded")
    assert first[:-1] == second[:-1]
