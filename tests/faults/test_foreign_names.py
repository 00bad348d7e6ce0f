"""Names never become paths: of sweeps, of runs, of older attempts; typed, or in a store made by hand."""

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from test_escapes import RESULT

import archlab
from archlab.errors import UsageError
from archlab.records import Reason
from archlab.results.collection import load_layout
from archlab.results.files import write_json
from archlab.results.paths import SweepPaths
from archlab.results.store import Store
from archlab.results.tables import Layout, Place

if TYPE_CHECKING:
    from conftest import Cli

SWEEPS = [
    "",
    ".",
    "..",
    "../up",
    "a/b",
    "/etc",
    "..\\up",
    "a\\b",
    "C:up",
    "nul\0byte",
    ".hidden",
    "a/../../b",
]
RUNS = [*SWEEPS, "../../x", "*", "a.b", "a b", "-rf", "x" * 101, "ａ", "a\n"]


@pytest.mark.parametrize("name", SWEEPS)
def test_a_sweep_is_a_folder_of_the_experiments(tmp_path: Path, name: str) -> None:
    for use in (SweepPaths.of, Store, archlab.stored_results):
        with pytest.raises(UsageError, match="cannot be the name of a sweep"):
            use(name, tmp_path)
    assert not [*tmp_path.iterdir()]


@pytest.mark.parametrize("name", ["textcat", "demo-2", "größe_1.v2", "two words", "a..b"])
def test_usual_names_are_folders(tmp_path: Path, name: str) -> None:
    assert SweepPaths.of(name, tmp_path).folder.resolve().parent == tmp_path.resolve()


@pytest.mark.parametrize("name", RUNS)
def test_a_run_is_a_folder_of_its_sweep(tmp_path: Path, name: str) -> None:
    paths = SweepPaths.of("demo", tmp_path)
    for use in (paths.run, lambda run: paths.attempt(run, 1)):
        with pytest.raises(UsageError, match="is no run id"):
            use(name)


def test_sweeps_outside_are_not_tabulated(
    cli: "Cli", tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outside = SweepPaths.of("outside", tmp_path)
    write_json(outside.run(RESULT.run_id).result, RESULT.to_dict())
    for name in ("inside", ".hidden"):
        inside = SweepPaths(tmp_path / "work" / "experiments" / name)
        write_json(inside.run(RESULT.run_id).result, RESULT.to_dict())
    monkeypatch.chdir(tmp_path / "work")
    for name in ("../../outside", str(tmp_path / "outside"), "..", ".hidden", "./inside/../../../outside"):
        done = cli("table", name)
        assert done.code == 2, name
        assert done.out == ""
        assert "There are no results of a sweep" in done.err


@pytest.mark.parametrize("name", ["../../x", "/etc/passwd", "..", ""])
def test_a_store_made_by_hand_leads_nowhere_else(cli: "Cli", tmp_path: Path, name: str) -> None:
    """A result in a folder of another name is none, and a plan with such runs is no plan."""
    secret = tmp_path / "x"
    secret.mkdir()
    (secret / "log.txt").write_text("secret", encoding="utf8")
    paths = SweepPaths.of("demo", tmp_path / "experiments")
    reason = Reason(kind="error", message="no")
    failed = replace(RESULT, status="failed", reason=reason, score=None, score_name="f", variant="BOW")
    write_json(paths.run("aaaa").result, replace(failed, run_id=name).to_dict())
    write_json(paths.run("bbbb").result, replace(failed, run_id="bbbb").to_dict())
    (paths.runs / "no run").mkdir()
    (paths.runs / ".DS_Store").touch()
    place = Place(row="BOW", column=None, variant_id="b", run_ids=(name, "bbbb"))
    write_json(paths.plan, Layout(sweep="x; rm -rf ~", score_name="f", places=(place,)).to_dict())
    assert [result.run_id for result in Store("demo", tmp_path / "experiments").results()] == ["bbbb"]
    assert load_layout(Store("demo", tmp_path / "experiments")) is None
    done = cli("table", "--experiments", tmp_path / "experiments")
    assert "BOW seed 0 failed, error: no (run bbbb" in done.out
    assert "secret" not in done.out + done.err


def test_the_sweep_that_a_command_names_is_the_folder(tmp_path: Path) -> None:
    store = Store("demo", tmp_path)
    place = Place(row="BOW", column=None, variant_id="b", run_ids=("bbbb",))
    write_json(store.paths.plan, Layout(sweep="x; rm -rf ~", score_name="f", places=(place,)).to_dict())
    layout = load_layout(store)
    assert layout is not None
    assert layout.sweep == "demo"
    data = json.loads(store.paths.plan.read_text(encoding="utf8"))
    data["places"][0]["run_ids"] = [["../x"]]
    write_json(store.paths.plan, data)
    assert load_layout(store) is None
