"""Results: what a grid gives back."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from archlab.errors import NothingToCompareError, UsageError, did_you_mean
from archlab.records import Result
from archlab.results.comparisons import compare_places
from archlab.results.files import read_json
from archlab.results.layouts import is_base
from archlab.results.logs import last_lines
from archlab.results.paths import DEFAULT_EXPERIMENTS, SweepPaths, is_run_id, is_sweep_name
from archlab.results.problems import Problem
from archlab.results.store import Store
from archlab.results.tables import Layout, Place, Table, make_table, winners

if TYPE_CHECKING:
    import pandas as pd

    from archlab.results.compared import Compared


@dataclass(frozen=True)
class Results:
    """The results of a sweep, in its order. Iterable; runs without a result are left out.

    paths: where they are kept; None where that is not known: nothing is compared, and no log is shown.
    stopped: why a grid ended before all was done, or None. failed_again: what came of runs that were to be
    done again; what they were before stands.
    """

    layout: Layout
    by_run: dict[str, Result]
    paths: SweepPaths | None = None
    stopped: str | None = None
    failed_again: tuple[Result, ...] = ()

    def __iter__(self) -> Iterator[Result]:
        run_ids = (run_id for place in self.layout.places for run_id in place.run_ids)
        return (self.by_run[run_id] for run_id in run_ids if run_id in self.by_run)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    @property
    def failed(self) -> tuple[Result, ...]:
        return tuple(result for result in self if result.status != "done")

    def table(self, scores: Sequence[str] | None = None) -> Table:
        """Mean and spread over seeds of every variant, compared with the base; the ends of failed runs' logs.

        scores: more scores to show, by name; None for those that the sweep names, or else for those that
        the base's own score is the weighted mean of, where these are several.
        Raises UsageError for one that no run has.
        """
        if scores is None:
            return self._table(
                replace(self.layout, scores_beside=self.layout.scores_beside or self._weighted())
            )
        known = {name for result in self for name in result.scores if result.value(name) is not None}
        for name in scores:
            if name not in known:
                hint = did_you_mean(name, known) or f"Known: {', '.join(sorted(known))}."
                raise UsageError(f"No run of {self.layout.sweep} has a score {name}.", hint)
        return self._table(replace(self.layout, scores_beside=tuple(scores)))

    def compare(
        self, a: str, b: str, score: str | None = None, *, column: str | None = None, documents: int = 5
    ) -> "Compared":
        """Two variants, or runs: the difference and what it means, labels, documents, cost, config.

        a, b: rows of the table, or the beginnings of run ids. column: where the table has columns; or name
        it with the row, `BOW [spelling]`. score: None for that of the sweep. documents: how many that flipped
        are told each way.
        Raises UsageError for names and scores that are not there, and for two that are the same;
        NothingToCompareError where the two have no finished seed, or no score, in common.
        """
        from archlab.results.comparing import compare_variants

        return compare_variants(self, a, b, score, column, documents)

    def to_html(self, path: str | Path, *, texts: bool = True) -> None:
        """Write these results as one HTML page that needs nothing else, and replace what is there.

        texts: whether it quotes documents of the dev corpus. Raises ExtraError without the packages of the
        extra `report`, OutputError where the file cannot be written.
        """
        write_report = import_module("archlab.reporting.report.writing").write_report  # a level above
        write_report(self, path, texts=texts)

    def to_pandas(self) -> "pd.DataFrame":
        """A data frame with a row per run: its place in the table, what was swapped, scores and costs.

        Raises ExtraError where pandas is not installed.
        """
        from archlab.results.frames import runs_frame

        return runs_frame(self)

    def _repr_html_(self) -> str:
        """The table, as notebooks show it."""
        html: str = import_module("archlab.reporting.html_table").html_table(self.table())  # a level above
        return html

    def _weighted(self) -> tuple[str, ...]:
        """The scores that the base's own score is the mean of; none where tasks stand side by side."""
        bases = [place for place in self.layout.places if is_base(place.row)]
        if len(bases) != 1:
            return ()
        names = [name for name, weight in bases[0].score_weights if weight]
        return tuple(name for name in names if name != self.layout.score_name) if len(names) > 1 else ()

    def _table(self, layout: Layout) -> Table:
        if self.paths is None:
            return make_table(layout, self.by_run)
        compare_all = partial(
            compare_places, score_name=layout.score_name, results=self.by_run, paths=self.paths
        )
        table = make_table(layout, self.by_run, compare_all)
        return replace(table, problems=tuple(with_log(problem, self.paths) for problem in table.problems))

    def best(self) -> Result:
        """The best run of the best variant: the highest mean over seeds, then the highest score.

        Raises NothingToCompareError where no run has a score.
        """
        found = [self.by_run[run_id] for run_id in winners(self.layout, self.by_run)]
        if not found:
            raise NothingToCompareError(f"No run of {self.layout.sweep} has a score.")
        return max(found, key=lambda result: result.value(self.layout.score_name) or 0.0)


def stored_results(sweep: str, experiments: str | Path | None = None, *, per_label: bool = True) -> Results:
    """The results of a sweep as the store has them, laid out as its last grid was; nothing is trained.

    per_label: False leaves out the scores of single labels, which no table shows, and is faster. Raises
    NothingToCompareError where the store has no such sweep or no results of it.
    """
    store = Store(sweep, experiments)
    layout = load_layout(store)
    by_run = {result.run_id: result for result in store.results(per_label=per_label)}
    if layout is None:
        layout = _layout_of_results(store.paths, list(by_run.values()))
    if not by_run:
        raise NothingToCompareError(
            f"There are no results of {sweep} in {store.paths.folder}.", "Train some: archlab grid SWEEP"
        )
    return Results(layout, by_run, store.paths)


def with_log(problem: Problem, paths: SweepPaths) -> Problem:
    """What is said of a failed run, with the end of its log, where it has one."""
    if problem.run_id is None or not problem.is_failure:
        return problem
    log = paths.run(problem.run_id).log
    return replace(problem, log=str(log), log_tail=last_lines(log)) if log.is_file() else problem


def stored_sweeps(experiments: str | Path | None = None) -> list[str]:
    """The names of the sweeps in a folder of results. Raises NothingToCompareError where it has none."""
    folder = Path(experiments or DEFAULT_EXPERIMENTS)
    names = [path.name for path in folder.iterdir()] if folder.is_dir() else []
    folders = [SweepPaths.of(name, folder) for name in names if is_sweep_name(name)]
    known = sorted(paths.folder.name for paths in folders if paths.runs.is_dir() or paths.plan.is_file())
    if not known:
        raise NothingToCompareError(
            f"There are no results in {folder}.", "Train some: archlab grid configs/sweep.yml"
        )
    return known


def require_stored(sweep: str, experiments: str | Path | None = None) -> None:
    """Raise UsageError for a sweep that a folder of results does not have."""
    known = stored_sweeps(experiments)
    if sweep not in known:
        hint = did_you_mean(sweep, known) or f"There are {', '.join(known)}."
        raise UsageError(f"There are no results of a sweep {sweep}.", hint)


def load_layout(store: Store) -> Layout | None:
    """How the last grid laid out its table; None where that is not known, or no grid can have written it."""
    data = read_json(store.paths.plan)
    try:
        layout = Layout.from_dict(data) if isinstance(data, dict) else None
        if layout is None or not all(is_run_id(run) for place in layout.places for run in place.run_ids):
            return None
    except (KeyError, TypeError):
        return None
    return replace(layout, sweep=store.sweep)


def _layout_of_results(paths: SweepPaths, results: list[Result]) -> Layout:
    """A layout for results whose plan is lost: a row per variant, none of them known to be the base."""
    from archlab.results.run_configs import score_weights

    run_ids: dict[tuple[str, str], list[str]] = {}
    for result in results:
        row = f"{result.variant_id} {result.variant}"
        run_ids.setdefault((row, result.variant_id), []).append(result.run_id)
    places = tuple(
        Place(
            row=row,
            column=None,
            variant_id=variant_id,
            run_ids=tuple(ids),
            score_weights=score_weights(paths, ids[0]),
        )
        for (row, variant_id), ids in run_ids.items()
    )
    score_name = results[0].score_name if results else "score"
    return Layout(sweep=paths.folder.name, score_name=score_name, places=places)
