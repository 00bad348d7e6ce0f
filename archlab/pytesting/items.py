"""Sweeps as tests: a sweep file is collected as itself and its variants, and trained once for all of them."""

import warnings
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from archlab.errors import ArchlabError
from archlab.planning.recognizing import is_sweep
from archlab.pytesting.outcomes import Outcome, labels, plan_file, train_and_judge

if TYPE_CHECKING:
    from archlab.planning.plans import Plan


class SweepCollector:
    """Collects sweeps among the files that pytest looks at; YAML of other kinds is passed over."""

    def pytest_collect_file(self, file_path: Path, parent: pytest.Collector) -> "SweepFile | None":
        return SweepFile.from_parent(parent, path=file_path) if is_sweep(file_path) else None


class VariantFailure(Exception):
    """What is wrong with a variant, as text."""


class SweepFile(pytest.File):
    """A sweep: one test for the whole, and one for each place of its table."""

    def collect(self) -> "Iterator[SweepItem | VariantItem]":
        yield SweepItem.from_parent(self, name="sweep")
        if not isinstance(self.plan, ArchlabError):
            for label in labels(self.plan):
                yield VariantItem.from_parent(self, name=label)

    @cached_property
    def plan(self) -> "Plan | ArchlabError":
        """The plan, or the error that there is none for."""
        with warnings.catch_warnings(action="ignore"):  # of libraries: they are nobody's test
            try:
                return plan_file(self.path, self.config.getoption("archlab_code"))
            except ArchlabError as error:
                return error

    @cached_property
    def outcome(self) -> Outcome | ArchlabError:
        """What came of it, or the error that stopped it."""
        if isinstance(self.plan, ArchlabError):
            return self.plan
        with warnings.catch_warnings(action="ignore"):
            try:
                return train_and_judge(self.plan, self.config.getoption("archlab_experiments"))
            except ArchlabError as error:
                return error


class _Item(pytest.Item):
    parent: SweepFile

    def told(self) -> Outcome:
        """What came of the sweep. Raises the error that stopped it."""
        outcome = self.parent.outcome
        if isinstance(outcome, ArchlabError):
            raise VariantFailure(str(outcome))
        return outcome

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        if isinstance(excinfo.value, VariantFailure):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """With the file's name first: what ends like a node id, pytest shows with :: for each full stop."""
        return self.path, None, f"{self.path.name}: {self.name}"


class SweepItem(_Item):
    """What is about no variant that the sweep has: it cannot be planned, or one has vanished."""

    def runtest(self) -> None:
        problems = self.told().problems
        if problems:
            raise VariantFailure("\n".join(problems))


class VariantItem(_Item):
    """A variant: it fits, its runs are done, and it is no worse than its baseline."""

    def runtest(self) -> None:
        outcome = self.told()
        for name, value in outcome.scores(self.name).items():
            self.user_properties.append((name, value))
        problems = outcome.problems_of(self.name)
        if problems:
            raise VariantFailure("\n".join([*problems, *outcome.told_scores(self.name)]))
        self.add_report_section("call", "archlab", "\n".join(outcome.told_scores(self.name)))
