"""The run that a person means, looked for among those that are there: nothing typed becomes a path."""

from collections.abc import Sequence
from pathlib import Path

from archlab.errors import UsageError, did_you_mean
from archlab.results.collection import stored_sweeps
from archlab.results.run_states import RunState, run_ids, states_of
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
    found = [(s, state) for s in stores for state in states_of(s, _begin_with(name, s))]
    if not found:
        states = [(s, state) for s in stores for state in states_of(s, run_ids(s))]
        found = [(s, state) for s, state in states if state.planned and state.variant == name]
        if not found:
            known = {text for _, state in states for text in (state.run_id, state.variant) if text}
            raise UsageError(
                f"There is no run {name}.", did_you_mean(name, known) or "archlab runs lists them."
            )
    matching = [(store, state) for store, state in found if seed is None or state.seed == seed]
    if not matching:
        seeds = sorted({state.seed for _, state in found if state.seed is not None})
        raise UsageError(f"{name} has no seed {seed}.", f"It has {', '.join(map(str, seeds))}.")
    if len(matching) > 1:
        listed = _listed([state for _, state in matching])
        hint = "Type more of it, or add --seed N to a variant's label."
        raise UsageError(f"{name} may be\n{listed}", hint)
    return matching[0]


def _begin_with(name: str, store: Store) -> list[str]:
    """The runs of a sweep whose id begins so, or that and the sweep before it."""
    sweep = f"{store.sweep}/" if "/" in name else ""
    return [run_id for run_id in run_ids(store) if f"{sweep}{run_id}".startswith(name)]


def _listed(states: Sequence[RunState]) -> str:
    lines = [f"{s.sweep}/{s.run_id}  {s.variant or ''} seed {s.seed}" for s in states[:MAX_LISTED]]
    more = [f"and {len(states) - MAX_LISTED} more"] if len(states) > MAX_LISTED else []
    return "\n".join([*lines, *more])
