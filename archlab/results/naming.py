"""The run that a person means, looked for among those that are there: nothing typed becomes a path."""

from collections.abc import Sequence
from pathlib import Path

from archlab.errors import UsageError, did_you_mean
from archlab.results.collection import stored_sweeps
from archlab.results.run_states import RunState, all_states, run_ids, state_of
from archlab.results.store import Store

MAX_LISTED = 8


def find_run(
    name: str, seed: int | None = None, experiments: str | Path | None = None
) -> tuple[Store, RunState]:
    """The run that is meant, among those of all sweeps.

    name: the beginning of its id, or of `SWEEP/ID`; or the label of a variant of a last plan, and seed.
    Raises UsageError where there is none, or more than one; NothingToCompareError where nothing is stored.
    """
    stores = [Store(sweep, experiments) for sweep in stored_sweeps(experiments)]
    ids = [(store, run_id) for store in stores for run_id in run_ids(store)]
    found = [(store, state_of(store, run_id)) for store, run_id in _begin_with(name, ids)]
    if not found:
        planned = [(store, state) for store in stores for state in all_states(store) if state.planned]
        found = [(store, state) for store, state in planned if state.variant == name]
        if not found:
            labels = [state.variant for _, state in planned if state.variant]
            hint = did_you_mean(name, [*(run_id for _, run_id in ids), *labels])
            raise UsageError(f"There is no run {name}.", hint or "archlab runs lists them.")
    matching = [(store, state) for store, state in found if seed is None or state.seed == seed]
    if not matching:
        seeds = sorted({state.seed for _, state in found if state.seed is not None})
        raise UsageError(f"{name} has no seed {seed}.", f"It has {', '.join(map(str, seeds))}.")
    if len(matching) > 1:
        listed = _listed([state for _, state in matching])
        hint = "Type more of it, or add --seed N to a variant's label."
        raise UsageError(f"{name} may be\n{listed}", hint)
    return matching[0]


def _begin_with(name: str, ids: Sequence[tuple[Store, str]]) -> list[tuple[Store, str]]:
    """The runs whose id begins so, or those whose id it is."""
    told = [(f"{store.sweep}/{run_id}" if "/" in name else run_id, store, run_id) for store, run_id in ids]
    exact = [(store, run_id) for text, store, run_id in told if text == name]
    return exact or [(store, run_id) for text, store, run_id in told if text.startswith(name)]


def _listed(states: Sequence[RunState]) -> str:
    lines = [f"{s.sweep}/{s.run_id}  {s.variant or ''} seed {s.seed}" for s in states[:MAX_LISTED]]
    more = [f"and {len(states) - MAX_LISTED} more"] if len(states) > MAX_LISTED else []
    return "\n".join([*lines, *more])
