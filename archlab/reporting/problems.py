"""Under a table: what gave no score, why, and where to read on."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from archlab.reporting.numbers import some
from archlab.results.paths import experiments_option
from archlab.results.problems import Problem

if TYPE_CHECKING:
    from rich.console import Console

SHOWN = 5
"""How many different failures are told; the rest is counted."""

MAX_LENGTH = 300


def show_problems(console: "Console", problems: Sequence[Problem], sweep: str) -> None:
    """Each failure with the end of its log; runs that failed alike once, with the names of the others."""
    alike: dict[tuple[str, str | None, str], list[Problem]] = {}
    for problem in problems:
        if problem.is_failure:
            alike.setdefault((problem.status, problem.kind, problem.message), []).append(problem)
    groups = list(alike.values())
    for first, *others in groups[:SHOWN]:
        show_failure(console, first, others)
    rest = sum(map(len, groups[SHOWN:]))
    if rest:
        where = _experiments(groups[0][0])
        console.print(f"{rest} more: archlab runs {sweep} --status failed{where}", soft_wrap=True)
    for problem in problems:
        if not problem.is_failure:
            console.print(problem_line(problem), style="red", soft_wrap=True)


def show_failure(console: "Console", problem: Problem, others: Sequence[Problem] = ()) -> None:
    """A failed run: why, the end of its log, and where that is. others: runs that failed in the same way."""
    console.print(problem_line(problem), style="red", soft_wrap=True)
    if others:
        names = some([f"{other.label} seed {other.seed}" for other in others])
        console.print(f"  so did {names}", style="red", soft_wrap=True)
    for line in problem.log_tail:
        console.print(f"    {line}", style="dim", soft_wrap=True)
    if problem.log is not None:
        command = f"archlab logs {problem.run_id}{_experiments(problem)}"
        console.print(f"  log: {problem.log}   {command}", soft_wrap=True)


def problem_line(problem: Problem) -> str:
    """What gave no score, and why."""
    message = problem.message if len(problem.message) <= MAX_LENGTH else f"{problem.message[:MAX_LENGTH]} ..."
    if problem.status == "rejected":
        return f"{problem.label} was not trained: {message}"
    run = f"(run {problem.run_id}, attempt {problem.attempt})"
    if not problem.is_failure:
        return f"{problem.label} seed {problem.seed} {message} {run}"
    why = f"{problem.kind}: {message}" if problem.kind else message
    return f"{problem.label} seed {problem.seed} {problem.status}, {why} {run}"


def _experiments(problem: Problem) -> str:
    """The option that names the store: it has log.txt four folders down."""
    return experiments_option(None if problem.log is None else Path(problem.log).parents[3])
