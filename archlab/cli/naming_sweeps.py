"""A sweep of the store, as people name it: by its name or its file."""

from pathlib import Path

from archlab.errors import NothingToCompareError, UsageError


def named_sweep(sweep: str, experiments: Path) -> str:
    """The name of a sweep that the store has. Raises UsageError where it has none so called."""
    from archlab.results.collection import require_stored, stored_sweeps

    known = stored_sweeps(experiments)
    if sweep not in known and Path(sweep).is_file():
        from archlab.planning.sweeps import load_sweep

        name = load_sweep(sweep).name
        if name not in known:
            raise NothingToCompareError(
                f"There are no results of {name} in {experiments}.", f"Train some: archlab grid {sweep}"
            )
        return name
    require_stored(sweep, experiments)
    return sweep


def the_sweep(sweep: str | None, experiments: Path, command: str) -> str:
    """The sweep that is meant: the only one where none is named. command: to show how to name one.

    Raises UsageError where there are several, or none so called.
    """
    from archlab.results.collection import stored_sweeps

    known = stored_sweeps(experiments)
    if sweep is not None:
        return named_sweep(sweep, experiments)
    if len(known) > 1:
        raise UsageError(f"Which sweep? There are {', '.join(known)}.", f"{command} {known[0]}")
    return known[0]
