"""Which block fits where: every registered block in every slot of every trainable component."""

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

from archlab.catalog.data_types import LEFT_OUT, TRANSFORMERS
from archlab.checking.blank_pipelines import Layout, blank_pipelines, trainable_factories
from archlab.checking.checks import check
from archlab.checking.fitting import Candidate, Trial, in_order, probed, try_all
from archlab.checking.isolating import SECONDS
from archlab.checking.probing_many import OnProbe
from archlab.configs.slotting import find_slot
from archlab.errors import ArchlabError, ConfigError, UsageError, did_you_mean
from archlab.records import Json, Slot

if TYPE_CHECKING:
    from confection import Config

VERSIONED = ("archlab", "spacy", "spacy-legacy", "thinc", "confection", "torch")


@dataclass(frozen=True, kw_only=True)
class Column:
    """One slot of a component, and every block's verdict for it.

    layout: how the tok2vec of the pipeline around it is spelled.
    """

    slot: Slot
    layout: Layout
    candidates: tuple[Candidate, ...]

    @property
    def path(self) -> str:
        """The slot's path within its component: `model.tok2vec`."""
        return self.slot.short.partition(".")[2]


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """One trainable component, by its factory's name, with a column for each slot of its model."""

    component: str
    columns: tuple[Column, ...]


@dataclass(frozen=True, kw_only=True)
class Matrix:
    """What fits where, for what is installed.

    left_out: factory -> why nothing is known of it. versions: distribution -> version.
    """

    sheets: tuple[Sheet, ...]
    left_out: dict[str, str]
    versions: dict[str, str]
    is_probed: bool

    def to_dict(self) -> Json:
        components = [
            {
                "component": sheet.component,
                "slots": [
                    {
                        "path": column.slot.path,
                        "layout": column.layout,
                        "expects": column.slot.expects,
                        "candidates": [candidate.to_dict() for candidate in column.candidates],
                    }
                    for column in sheet.columns
                ],
            }
            for sheet in self.sheets
        ]
        return {
            "schema_version": 1,
            "versions": self.versions,
            "probed": self.is_probed,
            "components": components,
            "left_out": self.left_out,
        }


def matrix(
    components: Sequence[str] | None = None,
    *,
    probe: bool = False,
    code: Sequence[str | Path] = (),
    seconds: float = SECONDS,
    jobs: int | None = None,
    on_probe: OnProbe | None = None,
) -> Matrix:
    """Every registered architecture and layer, in every model slot of every trainable component.

    Each component sits in an English pipeline of its own as its factory makes it; where it has a tok2vec,
    also with that spelled out as a Tok2Vec.v2, and shared through a listener.
    components: factories; default all that spaCy and the installed packages have and that have a model.
    The other arguments are those of `fits`; all probes wait in one line.
    """
    tried: dict[str, list[_Tried]] = {}
    left_out: dict[str, str] = {}
    for factory in _chosen(components):
        try:
            tried[factory] = _try_component(factory)
        except ArchlabError as error:
            left_out[factory] = error.message
    trials = [trial for found in tried.values() for one in found for trial in one.trials]
    if probe:
        candidates = probed(trials, code=code, seconds=seconds, jobs=jobs, on_probe=on_probe)
    else:
        candidates = [trial.candidate for trial in trials]
    decided = iter(candidates)
    sheets = [
        Sheet(component=factory, columns=tuple(_column(one, decided) for one in found))
        for factory, found in tried.items()
    ]
    return Matrix(sheets=tuple(sheets), left_out=left_out, versions=made_with(), is_probed=probe)


@dataclass(frozen=True)
class _Tried:
    slot: Slot
    layout: Layout
    trials: list[Trial]


def _chosen(components: Sequence[str] | None) -> Sequence[str]:
    known = [name for name in trainable_factories() if name not in TRANSFORMERS]
    for component in components or ():
        if component not in known:
            hint = did_you_mean(component, known) or f"There are {', '.join(known)}."
            raise UsageError(f"There is no trainable component {component}.", hint)
    return components or known


def _try_component(factory: str) -> list[_Tried]:
    found = []
    for pipeline in blank_pipelines(factory):
        errors = check(pipeline.config, "types").errors
        if errors:
            raise ConfigError(f"its default config is wrong: {errors[0].message}")
        found += [
            _Tried(find_slot(pipeline.config, path), pipeline.layout, _trials(pipeline.config, path))
            for path in pipeline.slots
        ]
    return found


def _trials(config: "Config", path: str) -> list[Trial]:
    return [trial for trial in try_all(config, path) if not trial.candidate.name.startswith(LEFT_OUT)]


def _column(tried: _Tried, decided: Iterator[Candidate]) -> Column:
    """The column of a slot, from the candidates that are next in line."""
    own = [next(decided) for _ in tried.trials]
    return Column(slot=tried.slot, layout=tried.layout, candidates=tuple(in_order(own)))


def made_with() -> dict[str, str]:
    """The distributions on which a matrix depends, and their versions."""
    found = {}
    for name in VERSIONED:
        with contextlib.suppress(PackageNotFoundError):
            found[name] = version(name)
    return found
