"""The CI gate: train what is missing of a sweep, and compare what came of it with its baseline."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from archlab.configs.code import import_code
from archlab.configs.fingerprints import VERSIONED, installed_versions
from archlab.engines.base import Watcher, nobody
from archlab.engines.driving import grid, require_code
from archlab.errors import RunsFailedError, UsageError, did_you_mean
from archlab.planning.gate_rules import GateRules
from archlab.planning.plans import Plan, plan
from archlab.planning.sweeps import Sweep, load_sweep
from archlab.results.baselines import Acknowledged, Baseline, read_baseline, require_reason, write_baseline
from archlab.results.changed_places import judge_changed
from archlab.results.collection import Results
from archlab.results.layouts import BASE, is_base
from archlab.results.regressions import Verdict
from archlab.results.snapshots import SweepSnapshot, take_snapshot
from archlab.results.store import Store
from archlab.training.device import find_device


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
    changed_since: str | None = None,
    pass_env: Sequence[str] = (),
    on_event: Watcher = nobody,
) -> Verdict:
    """Train what is missing of a sweep, and compare it with the baseline beside its results.

    sweep and the rest: as for `grid`. rules: in place of those under `regress:` in the sweep. update: a
    reason, to make what came of it the baseline first. changed_since: a revision of git; variants that were
    the same then are neither trained nor judged.

    Raises NothingToCompareError without a baseline, BaselineError for one that cannot be read, of a newer
    schema or of another sweep, both before anything is trained; UsageError for rules about scores or variants
    that are not there; RunsFailedError where a baseline is to be made and runs failed; and what `grid` does.
    """
    loaded = sweep.sweep if isinstance(sweep, Plan) else sweep
    loaded = loaded if isinstance(loaded, Sweep) else load_sweep(loaded)
    baseline = None if update is not None else stored_baseline(loaded, experiments)
    if update is not None:
        require_reason(update, "--update")
        require_all(changed_since)
    planned = sweep
    if not isinstance(planned, Plan):
        device, gpu_id = find_device(gpu)
        require_code(loaded, code)
        import_code(code)
        planned = plan(
            loaded,
            code=code,
            device=device,
            gpu_id=gpu_id,
            overrides=overrides,
            changed_since=changed_since,
        )
    if baseline is not None:
        planned = to_be_judged(planned, baseline, rules)
    results = grid(planned, engine, jobs, experiments=experiments, pass_env=pass_env, on_event=on_event)
    if update is not None:
        baseline = update_baseline(loaded, results, update, rules, experiments=experiments)
    assert baseline is not None
    return judge_results(loaded, results, baseline, rules, unchanged=planned.unchanged)


def require_all(changed_since: str | None) -> None:
    """Raise UsageError where a baseline would be made of a part of a sweep."""
    if changed_since is not None:
        raise UsageError(
            "--update and --changed-since do not go together: a baseline is of all variants.",
            "Leave out --changed-since.",
        )


def to_be_judged(planned: Plan, baseline: Baseline, rules: GateRules | None = None) -> Plan:
    """The plan, with what is trained although it has not changed since the plan's revision.

    All where the baseline was made with other versions of what results depend on; the reference, where words
    per second are judged by it.
    """
    if planned.changes is None or not planned.changes.unchanged:
        return planned
    then, here = baseline.where.versions, installed_versions()
    others = [name for name in VERSIONED if then.get(name) != here.get(name)]
    if others:
        told = "; ".join(f"{name} {then.get(name)}, here {here.get(name)}" for name in others)
        reason = f"the baseline was made with {told}"
        return replace(planned, changes=replace(planned.changes, unchanged=frozenset(), reason=reason))
    used = rules or planned.sweep.file.regress
    if used.costs.words_per_second is None or planned.unchanged >= {spec.run_id for spec in planned.runs}:
        return planned
    references = {
        place.variant_id
        for place in planned.placements
        if (place.row == used.reference if used.reference else is_base(place.row))
    }
    measured = {spec.run_id for spec in planned.runs if spec.variant_id in references}
    return replace(planned, changes=replace(planned.changes, unchanged=planned.unchanged - measured))


def stored_baseline(sweep: Sweep, experiments: str | Path | None = None) -> Baseline:
    """The baseline of a sweep; raises as `read_baseline` does."""
    command = f'archlab regress {sweep.path} --update --reason "..."'
    return read_baseline(Store(sweep.name, experiments).paths.baseline, sweep.name, command)


def judge_results(
    sweep: Sweep,
    results: Results,
    baseline: Baseline,
    rules: GateRules | None = None,
    today: date | None = None,
    unchanged: Collection[str] = (),
) -> Verdict:
    """What the gate says of results that are there.

    today: acknowledgements expire; UTC's if not given. unchanged: ids of runs that are not judged.
    """
    used = rules or sweep.file.regress
    scores = used.of(results.layout.score_name)
    left = {
        (BASE if is_base(place.row) else place.row, place.column)
        for place in results.layout.places
        if place.run_ids and unchanged and set(place.run_ids) <= set(unchanged)
    }
    return judge_changed(baseline, _snapshot(sweep, results, used), used, scores, today or _today(), left)


def update_baseline(
    sweep: Sweep,
    results: Results,
    reason: str,
    rules: GateRules | None = None,
    *,
    experiments: str | Path | None = None,
) -> Baseline:
    """Make results the baseline. Raises RunsFailedError where runs failed or are missing."""
    baseline = Baseline.of(_snapshot(sweep, results, rules or sweep.file.regress), reason, _today())
    holes = [place for place in baseline.places if place.standing in ("failed", "missing")]
    if holes:
        raise RunsFailedError(
            f"The baseline was not written: {holes[0].label} is {holes[0].standing}: {holes[0].reason}.",
            f"Tried again: archlab grid {sweep.path} --retry-failed",
        )
    write_baseline(Store(sweep.name, experiments).paths.baseline, baseline)
    return baseline


def acknowledge(
    sweep: Sweep,
    verdict: Verdict,
    baseline: Baseline,
    variant: str,
    reason: str,
    until: date,
    experiments: str | Path | None = None,
) -> Baseline:
    """Keep in the baseline that what fails of a variant is known, and until when.

    Raises UsageError for a variant of which nothing fails, for a day that has passed, without a reason.
    """
    told = require_reason(reason, "--acknowledge")
    if until < _today():
        raise UsageError(f"{until} has passed.", "Name a day to come: --until 2031-01-31")
    if variant not in verdict.variants:
        raise UsageError(
            f"There is no variant {variant}.",
            did_you_mean(variant, verdict.variants) or f"There are {', '.join(verdict.variants)}.",
        )
    failing = [finding for finding in verdict.findings if finding.fails and finding.variant == variant]
    if not failing:
        raise UsageError(f"Nothing of {variant} fails: there is nothing to acknowledge.")
    known = [
        Acknowledged(
            variant=variant, rule=found.rule, metric=found.metric, value=found.after, reason=told, until=until
        )
        for found in failing
    ]
    changed = baseline.acknowledging(known)
    write_baseline(Store(sweep.name, experiments).paths.baseline, changed)
    return changed


def _snapshot(sweep: Sweep, results: Results, rules: GateRules) -> SweepSnapshot:
    return take_snapshot(results, list(rules.of(results.layout.score_name)))


def _today() -> date:
    return datetime.now(UTC).date()
