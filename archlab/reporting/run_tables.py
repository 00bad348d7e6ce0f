"""Runs and how it stands with them, for a terminal."""

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from archlab.reporting.numbers import counted, score
from archlab.results.run_states import RunState, State

if TYPE_CHECKING:
    from rich.console import Console

STYLES = {
    State.running: "green",
    State.failed: "red",
    State.crashed: "red",
    State.interrupted: "yellow",
    State.waiting: "dim",
}


def show_runs(console: "Console", states: Sequence[RunState]) -> None:
    """A line per run."""
    from rich.table import Table

    grid = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for name in ("run", "variant", "seed", "state", "score", "seconds", "attempt", "started (UTC)"):
        is_number = name in ("seed", "score", "seconds", "attempt")
        grid.add_column(name, justify="right" if is_number else "left", overflow="fold")
    for state in states:
        grid.add_row(
            state.run_id,
            state.variant or "",
            _number(state.seed),
            state_text(state),
            "" if state.score is None else score(state.score),
            "" if state.seconds is None else f"{state.seconds:.1f}",
            _number(state.attempt or None),
            (state.started or "")[:19].replace("T", " "),
            style=STYLES.get(state.state),
        )
    console.print(grid)


def summarize(states: Sequence[RunState]) -> str:
    """`30 runs: 24 done, 2 running, 4 waiting`."""
    counts = Counter(state.state for state in states)
    told = ", ".join(f"{counts[state]} {state}" for state in State if counts[state])
    return f"{counted(states, 'run')}{': ' if told else ''}{told}"


def state_text(state: RunState) -> str:
    """`failed: nan`, `running 40/150`, `done`."""
    if state.reason is not None:
        return f"{state.state}: {state.reason.kind}"
    if state.step is None or state.state is State.done:
        return state.state
    return (
        f"{state.state} {state.step}/{state.max_steps}" if state.max_steps else f"{state.state} {state.step}"
    )


def describe(state: RunState) -> str:
    """One line on a run: which it is, how it stands with it, and why."""
    attempt = f", attempt {state.attempt}" if state.attempt > 1 else ""
    why = f", {state.reason.message}" if state.reason else ""
    return f"{state.variant or state.run_id} seed {state.seed}{attempt}: {state_text(state)}{why}"


def _number(value: int | None) -> str:
    return "" if value is None else str(value)
