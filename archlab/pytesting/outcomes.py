"""What came of a sweep, as its tests tell it."""

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING

from archlab.errors import NothingToCompareError
from archlab.records import Finding, Result

if TYPE_CHECKING:
    from archlab.planning.plans import Plan
    from archlab.results.collection import Results
    from archlab.results.regressions import Verdict


@dataclass(frozen=True)
class Outcome:
    """A sweep that has been trained, and judged where it has a baseline."""

    plan: "Plan"
    results: "Results"
    verdict: "Verdict | None"

    @property
    def problems(self) -> list[str]:
        """What is wrong beside the variants that the sweep has."""
        known = labels(self.plan)
        failing = self.verdict.findings if self.verdict is not None else ()
        lines = [f"{one.variant} {one.message}" for one in failing if one.fails and one.variant not in known]
        return [*lines, *([f"stopped {self.results.stopped}"] if self.results.stopped else [])]

    def problems_of(self, label: str) -> list[str]:
        """What is wrong with a variant: findings of the check, failed runs, rules of the gate."""
        rejected = [item for item in self.plan.rejected if item.label == label]
        if rejected:
            return [_shown(rejected[0].findings)]
        problems = list(self._unfinished_runs(label)) or list(self._failed_rules(label))
        findings = [finding for finding in self.plan.report.findings if label in finding.variants]
        return [*problems, _shown(findings)] if problems and findings else problems

    def scores(self, label: str) -> dict[str, float]:
        """The sweep's score and those beside it: the means over seeds."""
        names = (self.results.layout.score_name, *self.results.layout.scores_beside)
        found = {name: self._values(label, name) for name in names}
        return {name: fmean(values.values()) for name, values in found.items() if values}

    def told_scores(self, label: str) -> list[str]:
        """`cats_micro_f .925: seed 0 .930, seed 1 .920`, a line for each score."""
        from archlab.reporting.numbers import score

        lines = []
        for name, mean in self.scores(label).items():
            seeds = [f"seed {seed} {score(value)}" for seed, value in self._values(label, name).items()]
            lines.append(f"{name} {score(mean)}: {', '.join(seeds)}")
        return lines

    def _run_ids(self, label: str) -> list[str]:
        places = [place for place in self.results.layout.places if place.label == label]
        return [run_id for place in places for run_id in place.run_ids]

    def _runs(self, label: str) -> list[Result]:
        known = self.results.by_run
        return [known[run_id] for run_id in self._run_ids(label) if run_id in known]

    def _values(self, label: str, name: str) -> dict[int, float]:
        runs = sorted(self._runs(label), key=lambda result: result.seed)
        return {r.seed: value for r in runs if (value := r.value(name)) is not None}

    def _unfinished_runs(self, label: str) -> Iterator[str]:
        runs, wanted = self._runs(label), self._run_ids(label)
        for result in runs:
            if result.status != "done":
                why = f"{result.reason.kind}: {result.reason.message}" if result.reason else result.status
                yield f"seed {result.seed} failed, {why}   archlab logs {result.run_id}"
        if len(runs) < len(wanted):
            yield f"{len(wanted) - len(runs)} of {len(wanted)} runs have no result"

    def _failed_rules(self, label: str) -> Iterator[str]:
        from archlab.reporting.verdicts import sentence

        for finding in self.verdict.findings if self.verdict is not None else ():
            if finding.fails and finding.variant == label:
                yield sentence(finding)


def labels(plan: "Plan") -> list[str]:
    """Every place of a sweep's table, those of rejected variants too."""
    rejected = [item.label for item in plan.rejected]
    return list(dict.fromkeys([*(place.label for place in plan.placements), *rejected]))


def plan_file(path: Path, code: Sequence[str]) -> "Plan":
    """The plan of a sweep file; raises as `plan` does."""
    from archlab.configs.code import import_code
    from archlab.engines.driving import require_code
    from archlab.planning.plans import plan
    from archlab.planning.sweeps import load_sweep

    loaded = load_sweep(path)
    require_code(loaded, code)
    import_code(code)
    return plan(loaded, code=code)


def train_and_judge(plan: "Plan", experiments: str | Path) -> Outcome:
    """Train what is missing, one pytest process after the other; judge it where there is a baseline."""
    from filelock import FileLock

    from archlab.engines.driving import grid
    from archlab.engines.regressing import judge_results, require_rules_of, stored_baseline
    from archlab.results.store import Store

    require_rules_of(plan, plan.sweep.file.regress)
    try:
        stored_baseline(plan.sweep, experiments)
        has_baseline = True
    except NothingToCompareError:
        has_baseline = False
    folder = Store(plan.sweep.name, experiments).paths.folder
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder / "pytest.lock"):  # the workers of pytest-xdist share out the tests of a sweep
        results = grid(plan, experiments=experiments)
    return Outcome(plan, results, judge_results(plan.sweep, results) if has_baseline else None)


def _shown(findings: Sequence[Finding]) -> str:
    """Findings as `archlab check` shows them."""
    from archlab.reporting.terminal import make_console, show_finding

    text = io.StringIO()
    for finding in findings:
        show_finding(make_console(text), finding)
    return text.getvalue().rstrip()
