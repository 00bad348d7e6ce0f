"""The bases that `spacy init config` writes, their paths pointed at the corpora of the ground truth."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from spacy.cli.init_config import init_config
from truth_pairs import CORPORA
from truth_swaps import BareSwap, swap_bare

import archlab
from archlab.catalog.origins import is_own

if TYPE_CHECKING:
    from confection import Config

COMPONENTS = (
    "tagger",
    "morphologizer",
    "parser",
    "ner",
    "textcat",
    "textcat_multilabel",
    "spancat",
    "senter",
    "trainable_lemmatizer",
)

BERT = CORPORA / "bert"
"""A tiny model, where a base names one of a hub."""

HUB_NAME = "roberta-base"

ONLY_A_PROBE_TELLS = {
    # They want sentences, or spans, that no component before them has set.
    ("get_spans", "spacy-transformers.sent_spans.v1"),
    ("suggester", "spacy.preset_spans_suggester.v1"),
    # Its characters go into the encoder as they are, and in a wide one the scores become nan.
    ("embed", "spacy.CharEmbed.v1"),
}
"""The last part of a slot, and what is said to fit there and does not train in every base."""


@dataclass(frozen=True)
class Quickstart:
    """What one asks `spacy init config` for. optimize: "efficiency" or "accuracy"."""

    component: str
    optimize: str
    gpu: bool = False

    def __str__(self) -> str:
        return f"{self.component}-{self.optimize}-{'gpu' if self.gpu else 'cpu'}"

    def load(self, folder: Path) -> "Config":
        """The config as archlab loads it from a file in the folder; two steps of training."""
        config = init_config(
            lang="en", pipeline=[self.component], optimize=self.optimize, gpu=self.gpu, silent=True
        )
        file = folder / f"{self}.cfg"
        config.to_disk(file)
        overrides = {
            "paths.train": str(CORPORA / "train.spacy"),
            "paths.dev": str(CORPORA / "dev.spacy"),
            "training.max_steps": 2,
            "training.eval_frequency": 2,
        }
        if "transformer" in config["nlp"]["pipeline"]:
            overrides["components.transformer.model.name"] = str(BERT)
        if config["paths"]["vectors"]:  # a package with vectors, which is not here
            overrides["paths.vectors"] = str(CORPORA / "vectors")
        return archlab.load_config(file, overrides)


BASES = [
    Quickstart(component, optimize, gpu)
    for component in COMPONENTS
    for optimize in ("efficiency", "accuracy")
    for gpu in (False, True)
]


def fitting_swaps(name: str, base: "Config") -> Iterator[BareSwap]:
    """Each slot with each block that is said to fit there, by its name alone; none that needs a download."""
    for slot in archlab.slots(base):
        for candidate in archlab.fits(base, slot.path):
            if not is_own(candidate.registry, candidate.name):
                continue  # other tests register blocks of their own
            place = slot.path.rpartition(".")[2]
            if candidate.verdict == "fits" and (place, candidate.name) not in ONLY_A_PROBE_TELLS:
                swap = swap_bare(base, name, slot.path, f"@{candidate.registry}:{candidate.name}")
                if HUB_NAME not in swap.written:
                    yield swap
