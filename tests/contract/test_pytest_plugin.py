"""pytest --archlab: sweeps and their variants as tests. Nothing is trained here: results are in the store."""

import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable
from dataclasses import replace
from importlib import import_module
from pathlib import Path

import pytest
from conftest import ROOT
from made_results import made_result

import archlab
from archlab.engines import regressing
from archlab.planning.plans import Plan
from archlab.records import Reason
from archlab.results.collection import stored_results
from archlab.results.files import write_json
from archlab.results.store import Store

pytest_plugins = ("pytester",)

PLUGIN = "archlab.pytesting.plugin"
OPTIONS = (
    *("-p", "no:archlab", "-p", PLUGIN),  # by its name, whether or not this environment announces it
    *("-p", "no:cacheprovider", "-p", "no:xdist"),
    *("-W", "error", "-W", "ignore::pytest.PytestAssertRewriteWarning"),  # this process has it already
)

SWEEP = """
name: intents
base: base.cfg
score: cats_micro_f
seeds: 2
regress:
  scores: {cats_micro_f: {absolute: 0.05, tolerance: null}}
swaps:
  textcat.model: [base, spacy.TextCatBOW.v3, spacy.TextCatReduce.v1]
"""
BASE, BOW, REDUCE = "base TextCatEnsemble.v2", "TextCatBOW.v3", "TextCatReduce.v1"


@pytest.fixture(scope="module", autouse=True)
def _imported() -> None:
    """What cannot be imported twice: pytester forgets what was imported while it was there."""
    import_module("scipy.stats")
    archlab.plan(ROOT / "configs" / "ci.yml")


@pytest.fixture
def project(pytester: pytest.Pytester) -> Path:
    """A project with a sweep, and with YAML that is none."""
    configs = pytester.mkdir("configs")
    shutil.copy(ROOT / "configs" / "base.cfg", configs)
    (configs / "intents.yml").write_text(SWEEP, encoding="utf8")
    (configs / "compose.yml").write_text("services:\n  base: {image: x}\n", encoding="utf8")
    return pytester.path


def trained(project: Path, **scores: float | None) -> Plan:
    """Put a result of every run into the store; of runs with the score None that they failed."""
    planned = archlab.plan(project / "configs" / "intents.yml")
    store = Store("intents", project / "experiments")
    for spec in planned.runs:
        made, score = made_result(spec), scores.get(spec.variant.split(".")[0].split()[0], 0.9)
        if score is None:
            reason = Reason(kind="nan", message="the loss of textcat is NaN at step 3")
            made = replace(made, status="failed", reason=reason, score=None, scores={})
        else:
            made = replace(made, score=score, scores={**made.scores, "cats_micro_f": score})
        write_json(store.paths.run(spec.run_id).result, made.to_dict())
    return planned


def agreed(project: Path) -> None:
    """Make what is in the store the baseline."""
    planned = archlab.plan(project / "configs" / "intents.yml")
    results = archlab.grid(planned, experiments=project / "experiments")
    regressing.update_baseline(planned.sweep, results, "the first")


def outcomes(pytester: pytest.Pytester, *arguments: str) -> dict[str, tuple[str, str]]:
    """The end of each test's name -> how it ended, and its text."""
    reports = pytester.inline_run(*OPTIONS, "--archlab", *(arguments or ("configs",))).getreports(
        "pytest_runtest_logreport"
    )
    return {
        report.nodeid.partition("::")[2]: (report.outcome, report.longreprtext)
        for report in reports
        if report.when == "call"
    }


def test_a_sweep_and_each_variant_are_tests(pytester: pytest.Pytester, project: Path) -> None:
    trained(project)
    agreed(project)
    result = pytester.runpytest_inprocess(*OPTIONS, "--archlab", "-v", "-rP", "configs")
    result.assert_outcomes(passed=4)
    result.stdout.fnmatch_lines(
        [
            "configs/intents.yml::sweep PASSED*",
            f"configs/intents.yml::{BASE} PASSED*",
            f"configs/intents.yml::{BOW} PASSED*",
            f"configs/intents.yml::{REDUCE} PASSED*",
            "cats_micro_f .900: seed 0 .900, seed 1 .900",
        ]
    )


def test_what_is_wrong_with_a_variant_is_its_failure(
    pytester: pytest.Pytester, project: Path, golden: Callable[[str, str], None]
) -> None:
    sweep = project / "configs" / "intents.yml"
    trained(project)
    agreed(project)
    shutil.rmtree(project / "experiments" / "intents" / "runs")
    sweep.write_text(
        SWEEP.replace(
            "spacy.TextCatReduce.v1]", "spacy.TextCatReduce.v1: {use_reduce_max: true}, spacy.Tagger.v2]"
        ),
        encoding="utf8",
    )
    planned = trained(project, TextCatBOW=0.7, TextCatReduce=None)
    found = outcomes(pytester)
    text = "".join(f"{name} {outcome}\n{told}\n\n" for name, (outcome, told) in found.items())
    for number, spec in enumerate(planned.runs):
        text = text.replace(spec.run_id, f"RUN{number}")
    text = re.sub(
        r" and \d+ more$", " and MORE", text, flags=re.MULTILINE
    )  # other tests register blocks, too
    golden("pytest_failures", text.replace(str(project), "PROJECT"))


def test_without_a_baseline_scores_are_not_judged(pytester: pytest.Pytester, project: Path) -> None:
    trained(project, TextCatBOW=0.1)
    assert {outcome for outcome, _ in outcomes(pytester).values()} == {"passed"}


def test_a_baseline_that_cannot_be_read_is_told_before_anything_is_trained(
    pytester: pytest.Pytester, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = project / "experiments" / "intents" / "baseline.json"
    file.parent.mkdir(parents=True)
    file.write_text("{", encoding="utf8")
    trained: list[object] = []
    monkeypatch.setattr("archlab.engines.driving.grid", lambda *given, **_: trained.append(given))
    outcome, told = outcomes(pytester)["sweep"]
    assert (outcome, "baseline.json" in told, trained) == ("failed", True, [])


def test_a_variant_without_all_its_results_has_not_passed(
    pytester: pytest.Pytester, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where a limit of the grid stopped it."""
    last = trained(project).runs[-1].run_id
    shutil.rmtree(project / "experiments" / "intents" / "runs" / last)
    archlab.grid(project / "configs" / "intents.yml", experiments=project / "experiments", only=[BASE])
    stored = replace(stored_results("intents", project / "experiments"), stopped="after 5 minutes")
    monkeypatch.setattr("archlab.engines.driving.grid", lambda *_, **__: stored)
    found = outcomes(pytester)
    assert found["sweep"] == ("failed", "stopped after 5 minutes")
    assert found[BOW][0] == "passed"
    assert found[REDUCE] == ("failed", "1 of 2 runs have no result\ncats_micro_f .900: seed 0 .900")


def test_a_sweep_that_cannot_be_planned_is_one_failure(pytester: pytest.Pytester, project: Path) -> None:
    sweep = project / "configs" / "intents.yml"
    sweep.write_text(SWEEP.replace("swaps:", "swops:"), encoding="utf8")
    told = f"{sweep}:8: a sweep has no key swops.\nDid you mean swaps?"
    assert outcomes(pytester) == {"sweep": ("failed", told)}
    sweep.write_text(f"{SWEEP}\ncode: blocks.py\n", encoding="utf8")
    (project / "configs" / "blocks.py").write_text("raise ValueError('no blocks')\n", encoding="utf8")
    outcome, told = outcomes(pytester, "--archlab-code", "configs/blocks.py", "configs")["sweep"]
    assert (outcome, told) == (
        "failed",
        "configs/blocks.py:1 cannot be imported: ValueError: no blocks",
    )


def test_who_does_not_ask_for_it_does_not_notice_it(tmp_path: Path) -> None:
    (tmp_path / "test_theirs.py").write_text("def test_theirs(): pass\n", encoding="utf8")
    (tmp_path / "sweep.yml").write_text(SWEEP, encoding="utf8")
    code = (
        f"import pytest, sys; code = pytest.main(['-W', 'error', '-p', 'no:archlab', '-p', {PLUGIN!r}])\n"
        "print(code, [name for name in sys.modules if name.startswith('archlab.')])\n"
        "print([name for name in ('yaml', 'pydantic', 'spacy', 'torch', 'typer') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True)
    lines = done.stdout.splitlines()
    assert lines[-2:] == ["0 ['archlab.pytesting', 'archlab.pytesting.plugin']", "[]"], done.stdout
    assert "1 passed" in done.stdout


def test_pytest_finds_it_where_archlab_is_installed() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf8"))["project"]
    assert project["entry-points"]["pytest11"] == {"archlab": PLUGIN}
