"""The cases of the ground truth: every slot with every block in it, and what is wrong on purpose."""

import hashlib
import json
from collections.abc import Iterable, Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from confection import Config
from truth_blocks import architectures, layers
from truth_pipelines import Section, pipelines

CORPORA = Path("corpora")
"""Where configs look for their corpora, from the folder that all is done in."""


@dataclass(frozen=True)
class Case:
    """A pipeline with a block in a slot.

    change: what was made different from arguments or settings that are right; "" where nothing was.
    settings: path -> value, of other places of the config.
    """

    pipeline: str
    slot: str = ""
    block: Section = field(default_factory=dict)
    change: str = ""
    settings: Section = field(default_factory=dict)

    @property
    def title(self) -> str:
        """For people: `tagger: tagger.model = spacy.TextCatBOW.v1 with width = 7`."""
        placed = f" {self.slot} = {_name(self.block)}{_inside(self.block)}" if self.slot else ""
        return f"{self.pipeline}:{placed}{f' with {self.change}' if self.change else ''}"

    def text(self) -> str:
        """The whole config."""
        config = deepcopy(PIPELINES[self.pipeline])
        for path, value in {**({self.slot: self.block} if self.slot else {}), **self.settings}.items():
            _set(config, path, deepcopy(value))
        return Config(config).to_str(interpolate=False)


PIPELINES = pipelines(CORPORA)
_LIKE_TAGGERS = ("morphologizer", "senter", "trainable_lemmatizer", "textcat_multilabel")


def digest(text: str) -> str:
    """What the files of a case are named by."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def all_pairs() -> Iterator[Case]:
    """Every slot with every block, its arguments as an expert would write them."""
    for name, config in PIPELINES.items():
        for slot in _slots(config):
            if name == "pretraining" and slot.startswith("components.t") and slot.count(".") > 2:
                continue  # they are the slots of the pipeline without [pretraining]
            factory = config["components"].get(slot.split(".")[1], {}).get("factory", "")
            for block in (*architectures(factory), *layers()):
                yield Case(name, slot, block)


def changed_arguments(pairs: Iterable[Case]) -> Iterator[Case]:
    """Pairs of architectures with one argument changed, to something wrong more often than not.

    pairs: that train. Of components that share their architectures, one stands for all.
    """
    for pair in pairs:
        is_repeated = pair.pipeline in _LIKE_TAGGERS and pair.slot.count(".") > 2
        if "@architectures" in pair.block and not is_repeated:
            for change, block in _changes(pair.block):
                yield Case(pair.pipeline, pair.slot, block, change)


def _slots(config: Section) -> Iterator[str]:
    """The path of every block that is a model, and of the objective of pretraining."""
    for top in ("components", "pretraining"):
        yield from _paths(config.get(top, {}), top)


def _paths(section: Section, path: str) -> Iterator[str]:
    if "@architectures" in section or "@layers" in section:
        yield path
    for key, value in section.items():
        if isinstance(value, dict):
            yield from _paths(value, f"{path}.{key}")


def _changes(block: Section) -> Iterator[tuple[str, Section]]:
    plain = {key: value for key, value in block.items() if not isinstance(value, dict) and key[0] != "@"}
    for key, value in plain.items():
        for other in _others(value).get(key, ()):
            yield f"{key} = {json.dumps(other)}", {**block, key: other}
        yield f"no {key}", {other: value for other, value in block.items() if other != key}
        yield f"{key}s", {**{k: v for k, v in block.items() if k != key}, f"{key}s": value}


def _others(value: Any) -> dict[str, tuple[Any, ...]]:
    """Values for an argument, by its name; value: the right one."""
    return {
        "width": (2 * value if isinstance(value, int) else 7, "wide"),
        "hidden_size": (7, 0),
        "hidden_width": (7, 0),
        "nO": (2, 3, 7),
        "include_static_vectors": (True,),
        "pretrained_vectors": (True,),
        "exclusive_classes": (not value, "yes"),
        "attrs": (["NORM"], ["NORM", "PREFIX", "NOSUCH"], ["NORM", "TAG", "DEP"], []),
        "rows": ([60], [60, 50, 0], []),
        "upstream": ("tok2vec", "nobody"),
        "depth": (0, 2),
        "window_size": (0, 2),
        "ngram_size": (0, 2, "one"),
        "state_type": ("parser", "ner", "tagger"),
        "use_upper": (not value,),
        "extra_state_tokens": (not value,),
        "dropout": (0.5, "some"),
        "feature": ("ORTH", "NOSUCH"),
        "nM": (0,),
        "nC": (1,),
        "length": (0, 100),
        "loss": ("l2", "cosin"),
        "normalize": (not value,),
        "maxout_pieces": (1, 0),
        "use_reduce_max": (not value,),
    }


def changed_pipelines() -> Iterator[Case]:
    """Settings beside the blocks: who listens to whom, what is frozen, labels, vectors, scores."""
    shared = ["tok2vec", "tagger", "textcat"]
    frozen, annotating = "training.frozen_components", "training.annotating_components"
    tok2vec, listener = "components.tok2vec.model", "components.tagger.model.tok2vec"
    listening: dict[str, Section] = {
        "the tok2vec last": {"nlp.pipeline": shared[::-1]},
        "the tok2vec between": {"nlp.pipeline": ["tagger", "tok2vec", "textcat"]},
        "no tok2vec": {"nlp.pipeline": shared[1:]},
        "the tok2vec alone": {"nlp.pipeline": shared[:1]},
        "the tok2vec disabled": {"nlp.disabled": shared[:1]},
        "the tok2vec frozen": {frozen: shared[:1]},
        "the tok2vec frozen and annotating": {frozen: shared[:1], annotating: shared[:1]},
        "the tok2vec annotating": {annotating: shared[:1]},
        "the tagger frozen": {frozen: ["tagger"]},
        "another component frozen": {frozen: ["parser"]},
        "another component annotating": {annotating: ["parser"]},
        "a wide tok2vec": {f"{tok2vec}.embed.width": 30, f"{tok2vec}.encode.width": 30},
        "a wide listener": {f"{listener}.width": 30},
        "both wide, one listener not": {
            f"{tok2vec}.embed.width": 30,
            f"{tok2vec}.encode.width": 30,
            f"{listener}.width": 30,
        },
        "a wide embed": {f"{tok2vec}.embed.width": 30},
        "a wide encode": {f"{tok2vec}.encode.width": 30},
        "an upstream that is there": {f"{listener}.upstream": "tok2vec"},
        "an upstream that is no tok2vec": {
            f"{listener}.upstream": "textcat",
            "nlp.pipeline": ["tok2vec", "textcat", "tagger"],
        },
        "an upstream that is nowhere": {f"{listener}.upstream": "tok2vce"},
    }
    for change, settings in listening.items():
        yield Case("tok2vec", change=change, settings=settings)
    for name in ("tagger", "textcat"):
        for outputs in (None, 2, 3, 9, 24):
            for labels in (None, ["A"], ["A", "B"], ["ANIMAL", "PLACE", "OTHER"]):
                labelled: Section = {f"components.{name}.model.nO": outputs}
                if labels:
                    labelled[f"initialize.components.{name}.labels"] = labels
                yield Case(name, change=f"nO = {outputs} and labels {labels}", settings=labelled)
        yield Case(name, change="no vectors", settings={"initialize.vectors": None})
        nowhere: Section = {"initialize.vectors": "no/such"}
        yield Case(f"{name}_with_vectors", change="vectors nowhere", settings=nowhere)
    for name in ("textcat_multilabel", "spancat", "span_finder", "senter", "morphologizer", "ner", "parser"):
        outputs_of = {"spancat": "model.scorer.nO", "span_finder": "model.scorer.nO"}.get(name, "model.nO")
        for outputs in (1, 2, 3, 4, 24):
            change = f"{outputs_of} = {outputs}"
            yield Case(name, change=change, settings={f"components.{name}.{outputs_of}": outputs})
    for name, key in (("tagger", "tag_acc"), ("ner", "ents_per_type"), ("textcat", "cats_macro_f")):
        yield Case(name, change=f"score {key}", settings={"training.score_weights": {key: 1.0}})
        yield Case(name, change="score nosuch", settings={"training.score_weights": {"nosuch": 1.0}})


def _name(block: Section) -> str:
    return str(next(value for key, value in block.items() if key.startswith("@")))


def _inside(block: Section) -> str:
    """The layers that a combinator is made of."""
    if "@layers" not in block:
        return ""
    inner = [value for value in (*block.values(), *block.get("*", {}).values()) if isinstance(value, dict)]
    names = [_name(value) for value in inner if "@layers" in value or "@architectures" in value]
    return f"({', '.join(names)})" if names else ""


def _set(config: Section, path: str, value: Any) -> None:
    *outer, last = path.split(".")
    section: Any = config
    for key in outer:
        section = section.setdefault(key, {})
    section[last] = value
