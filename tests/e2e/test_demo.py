"""The demo proves its point: what each architecture can and cannot see shows in the table."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import archlab
from archlab.training.speed import PASSES

if TYPE_CHECKING:
    from conftest import Cli

CHANCE = 0.5


@pytest.mark.slow
def test_without_noise_the_table_shows_what_each_architecture_sees(workplace: Path) -> None:
    sweep = workplace / "configs" / "sweep.yml"
    text = sweep.read_text()
    assert "seeds: 2" in text
    sweep.write_text(text.replace("seeds: 2", "seeds: 1"))
    # in this process: a run gives the same in one of its own, which would import spaCy first
    results = archlab.grid(sweep, overrides={"vars.label_noise": 0.0}, engine="inline")
    table = results.table()
    assert table.columns == ("keywords", "word_order", "spelling")
    assert {row.status for row in table.rows} == {"done"}
    score = {
        (row.label, column): cell.score.mean
        for row in table.rows
        for column, cell in zip(table.columns, row.cells, strict=True)
        if cell is not None and cell.score is not None
    }
    ensemble, bow, reduce, character, norm = (row.label for row in table.rows)
    assert ensemble == "base TextCatEnsemble.v2"
    assert score[bow, "keywords"] >= 0.95
    assert score[bow, "word_order"] == pytest.approx(CHANCE, abs=0.01)
    for window_encoder in (ensemble, reduce, character, norm):
        assert score[window_encoder, "word_order"] >= 0.95, window_encoder
    assert score[character, "spelling"] >= score[norm, "spelling"] + 0.3


@pytest.mark.slow
def test_a_second_grid_trains_nothing_and_the_table_stays(cli: "Cli", workplace: Path) -> None:
    sweep = workplace / "s.yml"
    sweep.write_text(
        "base: configs/base.cfg\nscore: cats_micro_f\nseeds: 2\n"
        "swaps:\n  textcat.model: [base, spacy.TextCatBOW.v3]\n"
        "overrides: {vars.train_size: 60, vars.dev_size: 30, training.eval_frequency: 2}\n"
        "limits: {max_steps: 4}\n"
    )
    grid = ("grid", "s.yml", "--engine", "inline")
    first = cli(*grid)
    assert first.code == 0
    assert "s: 2 variants x 2 seeds = 4 runs; 0 known, 4 to do" in first.err
    (advice,) = [line for line in first.err.splitlines() if line.startswith(("Take ", "Which variant to"))]
    results = {path: path.read_bytes() for path in workplace.glob("experiments/s/runs/*/result.json")}
    assert len(results) == 4
    second = cli(*grid)
    assert "4 known, 0 to do" in second.err
    assert "started" not in second.err
    assert advice in second.err
    assert second.out == first.out
    assert {path: path.read_bytes() for path in results} == results
    kept = list(workplace.glob("experiments/s/runs/*/model-best"))
    assert len(kept) == 1, "keep_models: winner"
    sweep.write_text(sweep.read_text().replace("seeds: 2", "seeds: 3"))
    third = cli(*grid)
    assert "4 known, 2 to do" in third.err
    assert {path: path.read_bytes() for path in results} == results
    assert "over 3 seeds" in cli("table", "s").out


@pytest.mark.slow
def test_a_run_leaves_what_the_design_says(workplace: Path) -> None:
    import json

    config = archlab.load_config(
        workplace / "configs" / "base.cfg",
        {"training.max_steps": 4, "training.eval_frequency": 2, "vars.train_size": 40, "vars.dev_size": 20},
    )
    result = archlab.train(config, seed=3)
    folder = workplace / "experiments" / "adhoc" / "runs" / result.run_id
    assert {path.name for path in folder.iterdir()} == {
        "spec.json",
        "config.cfg",
        "progress.jsonl",
        "log.txt",
        "per_doc.json",
        "result.json",
        "model-best",
    }
    stored = json.loads((folder / "result.json").read_text())
    assert set(stored) == {
        *("schema_version", "run_id", "variant_id", "variant", "swaps", "seed", "status", "reason", "score"),
        *("score_name", "scores", "best_step", "steps", "epochs", "cost", "environment", "fingerprints"),
        *("started", "finished", "attempt", "sha256"),
    }
    assert set(stored["cost"]) == {
        *("parameters", "model_bytes", "words_per_second", "words_per_second_passes"),
        *("peak_memory_bytes", "seconds"),
    }
    assert len(stored["cost"]["words_per_second_passes"]) == PASSES
    seconds = stored["cost"]["seconds"]
    assert set(seconds) == {"start", "data", "initialize", "update", "evaluate", "save", "total"}
    assert None not in seconds.values()
    assert sum(value for name, value in seconds.items() if name != "total") <= seconds["total"] + 0.1
    assert set(stored["environment"]) == {"versions", "python", "platform", "device", "threads", "machine"}
    assert set(stored["fingerprints"]) == {"config", "data", "code", "versions"}
    assert (stored["status"], stored["seed"], stored["steps"], stored["attempt"]) == ("done", 3, 4, 1)
    assert stored["cost"]["parameters"] > 500_000
    model_bytes = sum(path.stat().st_size for path in (folder / "model-best").rglob("*") if path.is_file())
    assert stored["cost"]["model_bytes"] == model_bytes
    lines = [json.loads(line) for line in (folder / "progress.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines] == [0, 2, 4]
    assert max(line["score"] for line in lines) == stored["score"]
    assert "seed = 3" in (folder / "config.cfg").read_text()
