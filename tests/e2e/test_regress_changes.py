"""archlab regress --changed-since: only what a change touches is trained and judged."""

import json
import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import archlab
from archlab.engines import regressing
from archlab.engines.partial_gates import to_be_judged
from archlab.planning.changes import Changes
from archlab.planning.gate_rules import CostRules, GateRules
from archlab.planning.sweeps import load_sweep

if TYPE_CHECKING:
    from conftest import Cli

SWEEP = """
base: configs/base.cfg
swaps:
  textcat.model:
    - base
    - spacy.TextCatBOW.v3: {length: 4096}
    - spacy.TextCatBOW.v3: {length: 1024}
overrides:
  vars.train_size: 40
limits: {max_steps: 4}
keep_models: none
"""
ROWS = ["base TextCatEnsemble.v2", "TextCatBOW.v3(length=4096)", "TextCatBOW.v3(length=1024)"]


@pytest.fixture
def committed(workplace: Path) -> Path:
    """A repository with a sweep and its baseline, and without the runs that this was made of."""
    (workplace / "sweep.yml").write_text(SWEEP, encoding="utf8")
    assert archlab.regress("sweep.yml", update="the first", engine="inline").passed
    shutil.rmtree(workplace / "experiments" / "sweep" / "runs")
    for command in (["init", "--quiet"], ["add", "--all"], ["commit", "--quiet", "--message", "one"]):
        _git(workplace, *command)
    return workplace


def _git(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@b.c"]
    return subprocess.run([*git, *command], check=True, cwd=folder, capture_output=True, text=True)


@pytest.mark.slow
def test_what_has_not_changed_is_neither_trained_nor_judged(committed: Path, cli: "Cli") -> None:
    sweep = committed / "sweep.yml"
    sweep.write_text(SWEEP.replace("length: 1024", "length: 2048"), encoding="utf8")
    done = cli("regress", "sweep.yml", "--changed-since", "HEAD", "--format", "json")
    assert "sweep: 3 variants x 1 seed = 3 runs; 2 unchanged, 0 known, 1 to do; cpu x 1\n" in done.err
    assert done.code == 1, "a variant has vanished"
    assert [(finding["variant"], finding["status"]) for finding in json.loads(done.out)["findings"]] == [
        (ROWS[0], "unchanged"),
        (ROWS[1], "unchanged"),
        ("TextCatBOW.v3(length=2048)", "appeared"),
        (ROWS[2], "vanished"),
    ]
    assert len(list((committed / "experiments" / "sweep" / "runs").iterdir())) == 1


@pytest.mark.slow
def test_what_has_not_changed_is_judged_where_the_gate_is_another(committed: Path) -> None:
    """And the reference that speeds are measured by, and what is acknowledged no more."""
    loaded = load_sweep("sweep.yml")
    planned, file = archlab.plan(loaded), Path("experiments/sweep/baseline.json")
    head = _git(committed, "rev-parse", "HEAD").stdout.strip()
    same = frozenset(spec.run_id for spec in planned.runs[:2])
    changes = Changes(revision="main", commit=head, unchanged=same)

    def judged(changes: Changes = changes, **costs: float) -> tuple[list[str], str | None]:
        """Which of the two are, and why all are."""
        baseline = regressing.stored_baseline(loaded)
        rules = GateRules(costs=CostRules(**costs))
        found = to_be_judged(replace(planned, changes=changes), rules, baseline, file)
        assert found.changes is not None
        rows = [spec.variant for spec in planned.runs if spec.run_id in same - found.unchanged]
        return rows, found.changes.reason

    assert judged() == ([], None)
    assert judged(words_per_second=0.2) == (ROWS[:1], None)
    ruled = replace(changes, other_rules=True)
    assert judged(changes=ruled) == (ROWS[:2], "the sweep had other rules for the gate then")

    text = file.read_text("utf8")
    file.write_text(text.replace("the first", "the second"), encoding="utf8")
    assert judged() == (ROWS[:2], f"{file} is another one by now")
    file.write_text(re.sub(r'"spacy": ".*?"', '"spacy": "3.7.0"', text), encoding="utf8")
    rows, why = judged()
    assert rows == ROWS[:2]
    assert str(why).startswith("the baseline was made with spacy 3.7.0, here 3.")

    known = {"variant": ROWS[1], "rule": "trained", "metric": None, "value": None, "reason": "soon"}
    for until, still in (("2020-01-31", ROWS[1:2]), ("2999-01-31", [])):
        acknowledged = [{**known, "until": until}]
        file.write_text(json.dumps({**json.loads(text), "acknowledged": acknowledged}), encoding="utf8")
        _git(committed, "commit", "--quiet", "--all", "--message", until)
        head = _git(committed, "rev-parse", "HEAD").stdout.strip()
        assert judged(changes=replace(changes, commit=head)) == (still, None)

    _git(committed, "rm", "--quiet", "--cached", str(file))
    _git(committed, "commit", "--quiet", "--message", "without")
    head = _git(committed, "rev-parse", "HEAD").stdout.strip()
    assert judged(changes=replace(changes, commit=head)) == (ROWS[:2], f"git did not know {file} then")


@pytest.mark.usefixtures("workplace")
def test_a_baseline_is_of_all_variants(cli: "Cli") -> None:
    done = cli("regress", "configs/ci.yml", "--update", "--reason", "some", "--changed-since", "main")
    assert done.code == 2
    assert done.err == (
        "error  --update and --changed-since do not go together: a baseline is of all variants.\n"
        "       Leave out --changed-since.\n"
    )


@pytest.mark.usefixtures("workplace")
def test_a_verdict_is_written_where_its_kind_and_folder_allow(cli: "Cli") -> None:
    kind = cli("regress", "configs/ci.yml", "--write", "verdict.txt")
    assert (kind.code, kind.err) == (
        2,
        "error  --write verdict.txt: the name of a verdict's file ends in .md, .json, .xml.\n",
    )
    folder = cli("regress", "configs/ci.yml", "--write", "configs/base.cfg/verdict.md")
    assert (folder.code, "configs/base.cfg cannot be written" in folder.err) == (3, True)
    assert cli("regress", "configs/ci.yml", "--write", "verdict.md").code == 5, "there is no baseline"
