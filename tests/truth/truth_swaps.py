"""What a bare `archlab swap SLOT NAME` makes of each pair that trains with arguments written by hand."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from confection import Config
from truth_pairs import PIPELINES, Case

import archlab
from archlab.configs.filling import fill_config
from archlab.configs.loading import parse_config
from archlab.configs.writing import config_text
from archlab.errors import ArchlabError

LISTED = Path(__file__).with_name("trains.txt")
"""A line for each pair that trains: `PIPELINE SLOT @REGISTRY:NAME`. The ground truth renews it."""


@dataclass(frozen=True)
class BareSwap(Case):
    """A pair whose config archlab has written.

    written: the config, "" where none could be made. error: why not.
    """

    written: str = ""
    error: str = ""

    def text(self) -> str:
        return self.written


def listed_pairs() -> list[str]:
    return LISTED.read_text(encoding="utf8").splitlines()


def as_lines(pairs: Iterable[Case]) -> list[str]:
    """How `trains.txt` names pairs; several ways to write the arguments of one block are one line."""
    return list(dict.fromkeys(f"{pair.pipeline} {pair.slot} {_reference(pair)}" for pair in pairs))


def swap_listed(lines: Iterable[str]) -> Iterator[BareSwap]:
    """Each pair with what archlab writes for its slot and its name alone."""
    bases: dict[str, Config] = {}
    for line in lines:
        pipeline, slot, reference = line.split()
        if pipeline not in bases:
            text = Config(PIPELINES[pipeline]).to_str(interpolate=False)
            bases[pipeline] = fill_config(parse_config(text))
        yield swap_bare(bases[pipeline], pipeline, slot, reference)


def swap_bare(base: Config, name: str, slot: str, reference: str) -> BareSwap:
    """A slot of a base of this name with a block, `@registry:name`, and nothing else given."""
    registry, _, block = reference.removeprefix("@").partition(":")
    pair = {f"@{registry}": block}
    try:
        written = config_text(archlab.swap(base, slot, reference).config)
    except ArchlabError as error:
        return BareSwap(name, slot, pair, error=error.message)
    return BareSwap(name, slot, pair, written=written)


def _reference(pair: Case) -> str:
    key = next(key for key in pair.block if key.startswith("@"))
    return f"{key}:{pair.block[key]}"
