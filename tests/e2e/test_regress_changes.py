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
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@b.c"]
    for command in (["init", "--quiet"], ["add", "--all"], ["commit", "--quiet", "--message", "one"]):
        subprocess.run([*git, *command], check=True, cwd=workplace)
    return workplace


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

    # Whatever has not changed: a baseline of other versions, and the reference that speeds are measured by.
    loaded = load_sweep(sweep)
    planned = archlab.plan(loaded)
    same = frozenset(spec.run_id for spec in planned.runs[:2])
    planned = replace(planned, changes=Changes(revision="main", commit="c" * 40, unchanged=same))
    baseline = regressing.stored_baseline(loaded)
    assert to_be_judged(planned, GateRules(), baseline) is planned
    measured = GateRules(costs=CostRules(words_per_second=0.2))
    assert to_be_judged(planned, measured, baseline).unchanged == {planned.runs[1].run_id}
    file = committed / "experiments" / "sweep" / "baseline.json"
    older = re.sub(r'"spacy": ".*?"', '"spacy": "3.7.0"', file.read_text("utf8"))
    file.write_text(older, encoding="utf8")
    judged = to_be_judged(planned, GateRules(), regressing.stored_baseline(loaded))
    assert judged.unchanged == frozenset()
    assert judged.changes is not None
    assert str(judged.changes.reason).startswith("the baseline was made with spacy 3.7.0, here 3.")


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
