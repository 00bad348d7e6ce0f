"""How it stands with each run of a sweep, read from its files alone: nothing needs to be running."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from archlab.errors import SweepError
from archlab.processes import still_runs
from archlab.records import Json, Outcome, Reason, Result
from archlab.results.collection import load_layout, require_stored
from archlab.results.files import read_json, read_json_lines
from archlab.results.paths import RunPaths, is_run_id
from archlab.results.store import Store

if TYPE_CHECKING:
    from archlab.planning.sweeps import SweepFile


class State(StrEnum):
    """How it stands with a run. interrupted: stopped from outside, as when its driver ends.
    crashed: its process is gone and left no word. waiting: planned, and never started."""

    done = "done"
    running = "running"
    failed = "failed"
    interrupted = "interrupted"
    crashed = "crashed"
    waiting = "waiting"


@dataclass(frozen=True, kw_only=True)
class RunState:
    """One run, as far as it is known: None, or attempt 0, is what its files do not tell.

    planned: whether the last grid of the sweep planned it. step, max_steps: of the last evaluation. score: of
    a finished run, or of the last evaluation while it runs. seconds: wall clock, from the start of its
    process. started: UTC, ISO 8601.
    """

    sweep: str
    run_id: str
    variant: str | None
    seed: int | None
    state: State
    planned: bool
    reason: Reason | None = None
    step: int | None = None
    max_steps: int | None = None
    score: float | None = None
    seconds: float | None = None
    attempt: int = 0
    started: str | None = None

    def to_dict(self) -> Json:
        return asdict(self)


@dataclass(frozen=True)
class _Planned:
    """What the last plan says of a run."""

    variant: str
    seed: int | None
    score_name: str


_Plan = dict[str, _Planned]


def runs(sweep: str, experiments: str | Path | None = None) -> list[RunState]:
    """How it stands with each run of a sweep: those of its last plan, in its order, then all others by id.

    Raises UsageError where the store has no such sweep, NothingToCompareError where it has none at all.
    """
    require_stored(sweep, experiments)
    store = Store(sweep, experiments)
    return states_of(store, run_ids(store))


def states_of(store: Store, run_ids: Sequence[str]) -> list[RunState]:
    """How it stands with some runs of a sweep."""
    plan = _load_plan(store) if run_ids else None
    return [_state(store, run_id, plan) for run_id in run_ids]


def run_ids(store: Store) -> list[str]:
    """The runs that are in the last plan of a sweep or have a folder, by id."""
    layout = load_layout(store)
    planned = [run_id for place in layout.places for run_id in place.run_ids] if layout else []
    folders = sorted(store.paths.runs.iterdir()) if store.paths.runs.is_dir() else []
    stored = [folder.name for folder in folders if is_run(RunPaths(folder))]
    return list(dict.fromkeys([*planned, *stored]))


def is_run(paths: RunPaths) -> bool:
    """Whether a folder is that of a run, and no stranger."""
    return is_run_id(paths.folder.name) and (paths.spec.is_file() or paths.result.is_file())


def is_running(store: Store, paths: RunPaths) -> bool:
    """Whether the process that keeps a run is there: its own, or where it has none, the sweep's driver."""
    process = paths.process if paths.process.exists() or not paths.log.exists() else store.paths.driver
    return still_runs(read_json(process))


def goes_on(store: Store, run_id: str) -> bool:
    """Whether a run is trained at this moment."""
    return store.load(run_id) is None and is_running(store, store.paths.run(run_id))


def stored_sweep_file(store: Store) -> "SweepFile | None":
    """The sweep as its last grid read it; None where that is not known."""
    from archlab.planning.sweeps import load_sweep

    try:
        return load_sweep(store.paths.sweep).file
    except SweepError:
        return None


def is_adhoc(store: Store) -> bool:
    """Whether a store is that of single trainings, each with a plan of its own."""
    from archlab.planning.sweeps import ADHOC

    return store.sweep == ADHOC


def _load_plan(store: Store) -> _Plan | None:
    """What the last plan says of each run; None where there is none for all."""
    layout = load_layout(store)
    if layout is None or is_adhoc(store):
        return None
    file = stored_sweep_file(store)
    seeds = dict(enumerate(file.seeds)) if file else {}
    return {
        run_id: _Planned(place.label, seeds.get(number), layout.score_name)
        for place in reversed(layout.places)  # a run is called as where it stands first
        for number, run_id in enumerate(place.run_ids)
    }


def _state(store: Store, run_id: str, plan: _Plan | None) -> RunState:
    planned = (plan or {}).get(run_id)
    state = RunState(
        sweep=store.sweep,
        run_id=run_id,
        variant=planned.variant if planned else None,
        seed=planned.seed if planned else None,
        state=State.waiting,
        planned=plan is None or planned is not None,
    )
    result = store.load(run_id)
    if result is None:
        return _without_result(store, store.paths.run(run_id), state)
    state = replace(state, variant=state.variant or result.variant, seed=result.seed, attempt=result.attempt)
    return _ended(state, result, result.value(planned.score_name) if planned else result.score)


def _without_result(store: Store, paths: RunPaths, state: RunState) -> RunState:
    """A run that nobody has recorded: it goes on, or ended unseen, or has not begun."""
    spec = _mapping(read_json(paths.spec))
    seed, score_name = _whole(spec.get("seed")), _text(spec.get("score_name")) or "score"
    state = replace(
        state,
        variant=state.variant or _text(spec.get("variant")),
        seed=state.seed if seed is None else seed,
        attempt=_whole(spec.get("attempt")) or 0,
    )
    running = is_running(store, paths)
    outcome = store.outcome(state.run_id)
    if outcome is not None and not running:
        scores = {**outcome.scores, "score": outcome.weighted_score}
        return _ended(state, outcome, _number(scores.get(score_name)))
    if not running and not paths.process.exists() and not paths.log.exists():
        return state
    line = _last_evaluation(paths.progress)
    scores = _mapping(line.get("scores"))
    is_stopped = paths.stopped.exists() or not paths.process.exists()
    return replace(
        state,
        state=State.running if running else State.interrupted if is_stopped else State.crashed,
        step=_whole(line.get("step")),
        max_steps=_whole(line.get("max_steps")),
        score=_number(scores.get(score_name, line.get("score"))) if running else None,
        seconds=_number(line.get("seconds")),
        started=_time_of(paths.spec),
    )


def _ended(state: RunState, end: Result | Outcome, score: float | None) -> RunState:
    """A run with a word on how it ended. A result and an outcome say it alike."""
    known = {"done": State.done, "interrupted": State.interrupted}
    return replace(
        state,
        state=known.get(end.status, State.failed),
        reason=end.reason,
        step=end.steps,
        score=score,
        seconds=end.cost.seconds.total,
        started=end.started,
    )


def _last_evaluation(progress: Path) -> Json:
    """The last whole line of progress.jsonl; empty where there is none."""
    try:
        with progress.open("rb") as file:
            return next(reversed(read_json_lines(file)), {})
    except FileNotFoundError:
        return {}


def _time_of(file: Path) -> str | None:
    try:
        return datetime.fromtimestamp(file.stat().st_mtime, UTC).isoformat(timespec="seconds")
    except FileNotFoundError:
        return None


def _mapping(value: object) -> Json:
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) else None


def _number(value: object) -> float | None:
    return value if isinstance(value, (int, float)) and math.isfinite(value) else None
