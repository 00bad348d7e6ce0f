"""What a store tells of how long other variants may take: of real configs, as they are kept with the runs."""

import os
from collections.abc import Generator, Iterable
from dataclasses import replace
from pathlib import Path

import pytest
from made_results import made_result, made_spec

from archlab import load_config, load_sweep, plan
from archlab.engines.base import make_result
from archlab.engines.estimating import earlier_runs
from archlab.engines.running import ALL, Driver
from archlab.engines.workloads import leaves, read_leaves, work
from archlab.planning.runs import run_config
from archlab.records import Cost, GridLimits, Json, Outcome, Result, RunSpec, Seconds
from archlab.results.store import Store

CONFIGS = Path(__file__).parents[2] / "configs"
BOW = {"@architectures": "spacy.TextCatBOW.v3", "length": 262144}


def config(length: int) -> Json:
    return {"components": {"a": {"model": {**BOW, "length": length}}}, "training": {"max_steps": 10}}


def trained(store: Store, variant: int, seconds: float, *, seed: int = 0) -> Path:
    """The folder of a finished run, the latest. variant: the length of its vector of weights, too."""
    spec = made_spec(f"run-{variant}-{seed}", variant=variant, seed=seed)
    store.prepare(spec, run_config(config(variant), seed))
    result = made_result(spec)
    store.record(replace(result, cost=Cost(seconds=Seconds(total=seconds))))
    folder = store.paths.run(spec.run_id).folder
    trained_before = len(list(store.paths.runs.iterdir()))
    os.utime(folder, (trained_before, trained_before))
    return folder


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store("demo", tmp_path)


def test_the_config_of_a_run_says_the_same_as_that_of_its_variant() -> None:
    variants = plan(load_sweep(CONFIGS / "sweep.yml")).variants
    flat = [leaves(variant.config) for variant in variants]
    assert [read_leaves(run_config(variant.config, seed=7)) for variant in variants] == flat
    assert len({work(one) for one in flat}) > 1
    assert {one["corpora.train.task"] for one in flat} == {"keywords", "word_order", "spelling"}


def test_so_it_does_with_files_that_the_run_names_by_all_their_folders(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "data" / "here").mkdir(parents=True)
    (tmp_path / "data" / "train.spacy").touch()
    monkeypatch.chdir(tmp_path / "data" / "here")
    reader = {"@readers": "spacy.Corpus.v1", "path": "${paths.train}"}
    base = load_config(CONFIGS / "base.cfg")
    base["paths"] |= {"train": "../train.spacy", "dev": "nowhere.spacy"}
    base["corpora"]["train"] = reader
    flat = leaves(base)
    assert read_leaves(run_config(base, seed=7)) == flat
    assert flat["corpora.train.path"] == flat["paths.train"] == str(tmp_path / "data" / "train.spacy")


def test_each_variant_of_a_store_is_told_once_by_its_latest_run(store: Store) -> None:
    trained(store, 10, 1.0)
    trained(store, 20, 2.0)
    trained(store, 10, 3.0, seed=1)
    told = list(earlier_runs(store, (), "cpu"))
    assert [(variant, seconds) for variant, seconds, _ in told] == [(f"{10:012x}", 3.0), (f"{20:012x}", 2.0)]
    assert [flat["components.a.model.length"] for *_, flat in told] == [10, 20]


def test_runs_of_this_grid_and_of_other_devices_are_left_out(store: Store) -> None:
    known = trained(store, 10, 1.0).name
    trained(store, 20, 2.0)
    assert [seconds for _, seconds, _ in earlier_runs(store, {known}, "cpu")] == [2.0]
    assert list(earlier_runs(store, (), "NVIDIA H100")) == []


def test_no_more_than_the_latest_runs_are_looked_at(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("archlab.engines.estimating.READ", 2)
    for variant in (1, 2, 3):
        trained(store, variant, 1.0)
    assert [variant for variant, *_ in earlier_runs(store, (), "cpu")] == [f"{3:012x}", f"{2:012x}"]


def test_what_cannot_be_read_is_left_out(store: Store) -> None:
    folders = [trained(store, variant, 1.0) for variant in range(1, 9)]
    (folders[0] / "config.cfg").unlink()
    (folders[1] / "config.cfg").write_bytes(b"\xff\0 no config")
    (folders[2] / "config.cfg").unlink()
    (folders[2] / "config.cfg").mkdir()
    (folders[3] / "result.json").unlink()
    (folders[4] / "result.json").write_text('{"run_id": 3')
    (folders[5] / "result.json").unlink()
    (folders[5] / "result.json").mkdir()
    (folders[6] / "config.cfg").write_text("[nlp]\n")
    (store.paths.runs / "a file").touch()
    assert {variant for variant, *_ in earlier_runs(store, (), "cpu")} == {f"{8:012x}"}


def test_a_store_without_runs_tells_nothing(store: Store) -> None:
    assert list(earlier_runs(store, (), "cpu")) == []


class Begun:
    """An engine that trains nothing, and keeps which variants begin."""

    def __init__(self, store: Store) -> None:
        self.store, self.variants = store, list[str]()

    def run(self, specs: Iterable[RunSpec], deadline: float | None = None) -> Generator[Result, None, None]:
        for spec in specs:
            self.variants.append(spec.variant_id)
            yield make_result(spec, Outcome(status="done", cost=Cost(seconds=Seconds(total=1.0))))


def begun(store: Store, lengths: Iterable[int], known: Iterable[Result] = ()) -> list[int]:
    """In which order a grid begins with variants of such lengths."""
    engine = Begun(store)
    driver = Driver(
        store=store,
        engine=engine,
        configs={f"{length:012x}": config(length) for length in lengths},
        wanted=ALL,
        limits=GridLimits(),
        known={result.run_id: result for result in known},
    )
    driver.do([made_spec(f"new-{length}", variant=length) for length in lengths])
    return [int(variant, 16) for variant in engine.variants]


def test_a_grid_begins_with_what_other_variants_of_the_store_let_it_expect_to_take_longest(
    store: Store,
) -> None:
    for length in (1, 4, 128):
        trained(store, length, float(length))
    assert begun(store, [16, 64, 32]) == [64, 32, 16]


def test_a_grid_of_which_the_store_knows_nothing_begins_by_its_plan(store: Store) -> None:
    assert begun(store, [16, 64, 32]) == [16, 64, 32]


def test_a_grid_that_goes_on_begins_with_what_took_longest(store: Store) -> None:
    for length in (16, 64):
        trained(store, length, 100.0 / length)
    assert begun(store, [64, 16], known=store.results()) == [16, 64]


def test_what_the_grid_knows_is_not_read_again(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("archlab.engines.estimating.READ", 2)
    for length in (1, 128):
        trained(store, length, float(length))
    for seed in (1, 2):
        trained(store, 20, 20.0, seed=seed)
    known = [result for result in store.results() if result.seed]
    assert begun(store, [16, 64], known) == [64, 16]
