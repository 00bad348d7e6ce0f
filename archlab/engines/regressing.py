"""The CI gate: train what is missing of a sweep, and compare what came of it with its baseline."""

import shlex
from collections.abc import Collection, Mapping, Sequence, Set
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from archlab.engines.base import Watcher, nobody
from archlab.engines.choosing import EngineOptions
from archlab.engines.driving import grid, plan_here
from archlab.engines.known_plans import keep_plan, known_plan
from archlab.engines.partial_gates import require_all, to_be_judged
from archlab.errors import InvalidError, RunsFailedError, SweepError, UsageError, did_you_mean
from archlab.planning.gate_rules import GateRules
from archlab.planning.plans import Plan, known_scores
from archlab.planning.slot_lines import SlotLine, slot_line
from archlab.planning.sweeps import Sweep, load_sweep
from archlab.results.baselines import Acknowledged, Baseline, read_baseline, require_reason, write_baseline
from archlab.results.changed_places import judge_changed
from archlab.results.collection import Results
from archlab.results.layouts import BASE, Place, is_base
from archlab.results.paths import experiments_option
from archlab.results.regressions import Verdict
from archlab.results.snapshots import SweepSnapshot, take_snapshot
from archlab.results.store import Store


def regress(
    sweep: Plan | Sweep | str | Path,
    *,
    rules: GateRules | None = None,
    update: str | None = None,
    experiments: str | Path | None = None,
    engine: str = "local",
    jobs: int | None = None,
    gpu: int | None = None,
    code: Sequence[str | Path] = (),
    overrides: Mapping[str, Any] | None = None,
    retry_failed: bool = False,
    changed_since: str | None = None,
    pass_env: Sequence[str] = (),
    on_event: Watcher = nobody,
) -> Verdict:
    """Train what is missing of a sweep, and compare it with the baseline beside its results.

    sweep and what follows experiments: as for `grid`. rules: in place of those under `regress:` in the sweep.
    update: a reason, to make what comes of it the new baseline first. retry_failed: train what failed again.
    changed_since: a revision of git; variants that were the same then are neither trained nor judged.

    Raises NothingToCompareError without a baseline, BaselineError for one that cannot be read, of a newer
    schema or of another sweep, UsageError for rules about scores or rows that are not there, all before
    anything is trained; RunsFailedError where a baseline is to be made and runs failed; and what `grid` does.
    """
    loaded = _loaded(sweep)
    if update is None:
        stored_baseline(loaded, experiments)
    else:
        require_reason(update, "--update")
        require_all(changed_since)
    used, known, unchanged = rules or loaded.file.regress, None, frozenset[str]()
    if not isinstance(sweep, Plan) and gpu is None and changed_since is None:
        known = known_results(loaded, used, experiments, code, overrides or {})
    if known is None:
        planned = sweep
        if not isinstance(planned, Plan):
            planned = plan_here(loaded, EngineOptions(), gpu, code, overrides, changed_since)
        require_rules_of(planned, used)
        if update is None:
            file = Store(loaded.name, experiments).paths.baseline
            planned = to_be_judged(planned, used, stored_baseline(loaded, experiments), file)
        known = grid(
            planned,
            engine,
            jobs,
            experiments=experiments,
            retry_failed=retry_failed,
            pass_env=pass_env,
            on_event=on_event,
        )
        unchanged = planned.unchanged
        if not isinstance(sweep, Plan):
            keep_plan(planned, known, code, overrides or {})
    if update is not None:
        update_baseline(loaded, known, update, used)
    return judge_results(loaded, known, used, unchanged=unchanged)


def known_results(
    sweep: Sweep,
    rules: GateRules,
    experiments: str | Path | None,
    code: Sequence[str | Path],
    overrides: Mapping[str, Any],
) -> Results | None:
    """The results of all runs on the CPU, where nothing has changed since the last gate; else None.

    Raises as `require_rules` does.
    """
    known = known_plan(sweep, experiments, code, overrides)
    if known is None:
        return None
    require_rules(sweep, rules, [place.row for place in known.results.layout.places], known.scores)
    return known.results


def stored_baseline(sweep: Sweep, experiments: str | Path | None = None) -> Baseline:
    """The baseline of a sweep; raises as `read_baseline` does."""
    command = f'{regress_command(sweep, experiments)} --update --reason "..."'
    return read_baseline(Store(sweep.name, experiments).paths.baseline, sweep.name, command)


def regress_command(sweep: Sweep, experiments: str | Path | None, command: str = "regress") -> str:
    """What to type for a sweep, whose results are in that folder."""
    return f"archlab {command} {shlex.quote(str(sweep.path))}{experiments_option(experiments)}"


def require_rules_of(planned: Plan, rules: GateRules) -> None:
    """Raise for rules about what a plan does not have, as `require_rules` does."""
    rows = [place.row for place in planned.placements] + [place.row for place in planned.rejected]
    require_rules(planned.sweep, rules, rows, known_scores(planned.variants) if planned.variants else ())


def require_rules(sweep: Sweep, rules: GateRules, rows: Collection[str], scores: Collection[str]) -> None:
    """Raise for rules about what is not there: SweepError where the sweep says them, UsageError else.

    rows: of the table. scores: that variants give.
    """
    said = sweep.file.regress
    for name in rules.scores:
        if scores and name not in scores:
            hint = did_you_mean(name, scores) or f"Known: {', '.join(sorted(scores))}."
            raise UsageError(f"No variant gives a score {name}.", hint)
    if rules.reference is not None and rules.reference not in (*rows, BASE):
        hint = did_you_mean(rules.reference, rows) or f"There are {', '.join(dict.fromkeys(rows))}."
        if rules.reference != said.reference:
            raise UsageError(f"There is no row {rules.reference} to compare speeds with.", hint)
        where = sweep.where("regress", "reference")
        raise SweepError(f"{where}: there is no row {rules.reference} to compare speeds with.", hint)
    if rules.costs.words_per_second is not None and rules.reference is None and not any(map(is_base, rows)):
        raise InvalidError(
            "Words per second are compared with those of the base, and the sweep has no row of the base.",
            "Name another row under regress: reference:, or by --reference.",
        )


def judge_results(
    sweep: Sweep,
    results: Results,
    rules: GateRules | None = None,
    today: date | None = None,
    unchanged: Set[str] = frozenset(),
) -> Verdict:
    """What the gate says of results that are there; each finding has the line that it is about.

    today: acknowledgements expire; the day in UTC if not given. unchanged: ids of runs that are not judged.
    Raises as `stored_baseline` does.
    """
    used = rules or sweep.file.regress
    baseline = stored_baseline(sweep, _experiments(results))
    scores = used.of(results.layout.score_name)
    left = {
        place.label for place in results.layout.places if place.run_ids and unchanged >= set(place.run_ids)
    }
    verdict = judge_changed(baseline, _snapshot(results, used), used, scores, today or _today(), left)
    return _located(verdict, sweep, results)


def update_baseline(sweep: Sweep, results: Results, reason: str, rules: GateRules | None = None) -> Baseline:
    """Make results the baseline, and write it. Raises RunsFailedError where runs failed or are missing."""
    baseline = Baseline.of(_snapshot(results, rules or sweep.file.regress), reason, _today())
    holes = [place for place in baseline.places if place.standing in ("failed", "missing")]
    if holes:
        raise RunsFailedError(
            f"The baseline was not written: {holes[0].label}: {holes[0].standing}: {holes[0].reason}.",
            f"Once more: {regress_command(sweep, _experiments(results), 'grid')} --retry-failed",
        )
    write_baseline(Store(sweep.name, _experiments(results)).paths.baseline, baseline)
    return baseline


def acknowledge(
    sweep: Sweep, results: Results, verdict: Verdict, variant: str, reason: str, until: date
) -> Baseline:
    """Keep in the baseline that what fails of a variant is known, why, and until when; and write it.

    Raises UsageError for a variant of which nothing fails, for a day that has passed, without a reason.
    """
    told = require_reason(reason, "--acknowledge")
    if until < _today():
        raise UsageError(f"--until {until} has passed.", "Name a day to come.")
    if variant not in verdict.variants:
        hint = did_you_mean(variant, verdict.variants) or f"There are {', '.join(verdict.variants)}."
        raise UsageError(f"There is no variant {variant}.", hint)
    of_variant = [finding for finding in verdict.findings if finding.variant == variant]
    failing = [one for one in of_variant if one.fails or one.status == "acknowledged"]
    if not failing:
        raise UsageError(f"Nothing of {variant} fails: there is nothing to acknowledge.")
    known = [
        Acknowledged(
            variant=variant, rule=one.rule, metric=one.metric, value=one.after, reason=told, until=until
        )
        for one in failing
    ]
    experiments = _experiments(results)
    baseline = stored_baseline(sweep, experiments).acknowledging(known)
    write_baseline(Store(sweep.name, experiments).paths.baseline, baseline)
    return baseline


def _loaded(sweep: Plan | Sweep | str | Path) -> Sweep:
    if isinstance(sweep, Plan):
        return sweep.sweep
    return sweep if isinstance(sweep, Sweep) else load_sweep(sweep)


def _located(verdict: Verdict, sweep: Sweep, results: Results) -> Verdict:
    """The verdict, each finding with the line of the sweep, or its base, that it is about."""
    lines = {place.label: _line_of(place, sweep, results) for place in results.layout.places}
    somewhere = SlotLine(None, str(sweep.path), None)
    places = [(finding, lines.get(finding.variant, somewhere)) for finding in verdict.findings]
    located = [replace(finding, slot=at.slot, file=at.file, line=at.line) for finding, at in places]
    return replace(verdict, findings=tuple(located))


def _line_of(place: Place, sweep: Sweep, results: Results) -> SlotLine:
    """Of a variant without a run, such as a rejected one, only its own name in the file can tell."""
    runs = [results.by_run[run_id] for run_id in place.run_ids if run_id in results.by_run]
    if not runs and not is_base(place.row) and place.row not in sweep.file.variants:
        return SlotLine(None, str(sweep.path), None)
    return slot_line(sweep, place.row, runs[0].swaps if runs else {})


def _snapshot(results: Results, rules: GateRules) -> SweepSnapshot:
    return take_snapshot(results, list(rules.of(results.layout.score_name)))


def _experiments(results: Results) -> Path | None:
    """The folder that keeps them."""
    return None if results.paths is None else results.paths.folder.parent


def _today() -> date:
    return datetime.now(UTC).date()
