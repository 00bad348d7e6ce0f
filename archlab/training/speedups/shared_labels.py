"""Labels are gathered once from the training corpus, by the process that has read it for many runs.

What spaCy's components gather from all examples when they are initialised, they also take ready, which is
what `spacy init labels` is for. Not shared is what costs little: a span categorizer goes through all examples
in any case, and a trainable lemmatizer finds its edit trees quickly.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from copy import deepcopy
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING, Any

from archlab.checking.pipelines import read_pipeline
from archlab.configs.slotting import get_section
from archlab.records import Json

if TYPE_CHECKING:
    from spacy.training import Example
    from spacy.vocab import Vocab

    from archlab.training.speedups.reading_once import Read

    Gather = Callable[[Vocab, Sequence[Example], Json], Any]


def what_is_gathered(config: Mapping[str, Any]) -> list[Json]:
    """What the components of a run gather, and by which settings; the same for several stands there once.

    config: interpolated, of the run.
    """
    found = {key_of(wanted): wanted for wanted in _wanted(config).values()}
    return [found[key] for key in sorted(found)]


def adds_strings(wanted: Json) -> bool:
    """Whether gathering leaves strings in the vocabulary that a run would not have which gathers others."""
    return bool(wanted["kind"] == "features")


def gather(
    wanted: Iterable[Json], vocab: "Vocab", examples: "Sequence[Example]", deadline: float
) -> dict[str, Any]:
    """Labels as components take them, by `key_of`. What is not among them, the runs gather themselves.

    wanted: of `what_is_gathered`. examples: of training. deadline: on the clock of `perf_counter`; nothing is
    begun after it, and nothing takes much longer than to read the examples.
    """
    labels = {}
    for one in wanted:
        if perf_counter() < deadline:
            with suppress(Exception):  # the run will tell
                labels[key_of(one)] = _KINDS[one["kind"]].gather(vocab, examples, one)
    return labels


def key_of(wanted: Json) -> str:
    """Tells apart what is gathered."""
    return json.dumps(wanted, sort_keys=True)


@contextmanager
def taking_labels(config: Mapping[str, Any], before: "Read | None") -> Iterator[None]:
    """Within this, components of a pipeline with that vocabulary are initialised with the labels in it.

    config: interpolated, of the run. before: what was read by others.
    """
    from spacy import language as module

    if before is None:
        yield
        return

    language: Any = module
    validate = language.validate_init_settings
    wanted = _wanted(config)

    def validate_and_add(initialize: Any, settings: Json, *, section: str, name: str) -> Json:
        """As `Language.initialize` calls it, for the tokenizer and for each component."""
        validated: Json = validate(initialize, settings, section=section, name=name)
        key = key_of(wanted.get(name, {}))
        is_untold = "labels" in validated and validated["labels"] is None
        if key in before.labels and is_untold and initialize.__self__.vocab is before.vocab:
            validated["labels"] = deepcopy(before.labels[key])
        return validated

    language.validate_init_settings = validate_and_add
    try:
        yield
    finally:
        language.validate_init_settings = validate


def _wanted(config: Mapping[str, Any]) -> dict[str, Json]:
    """What each component gathers that is not told its labels, by its name."""
    wanted: dict[str, Json] = {}
    for component in read_pipeline(config).trained:
        kind = _FACTORIES.get(str(component.factory))
        told = get_section(config, f"initialize.components.{component.name}.labels")
        if kind is None or told is not None or component.section.get("moves") is not None:
            continue
        settings = {name: component.section.get(name, ...) for name in _KINDS[kind].settings}
        if ... not in settings.values():
            wanted[component.name] = {"kind": kind, **settings}
    return wanted


def _categories(vocab: "Vocab", examples: "Sequence[Example]", wanted: Json) -> list[str]:
    return list(dict.fromkeys(label for example in examples for label in example.reference.cats))


def _tags(vocab: "Vocab", examples: "Sequence[Example]", wanted: Json) -> list[str]:
    return sorted({token.tag_ for example in examples for token in example.reference if token.tag_})


def _features(vocab: "Vocab", examples: "Sequence[Example]", wanted: Json) -> dict[str, dict[str, Any]]:
    """As Morphologizer.initialize does it: features with part of speech -> without, and its number."""
    from spacy.morphology import Morphology  # type: ignore[import-not-found]
    from spacy.parts_of_speech import IDS  # type: ignore[import-not-found]

    features: dict[str, str] = {}
    numbers: dict[str, int] = {}
    for example in examples:
        for token in example.reference:
            if not token.pos_ and not token.has_morph():
                continue
            plain = str(token.morph)
            with_part_of_speech = Morphology.feats_to_dict(plain)
            if token.pos_:
                with_part_of_speech["POS"] = token.pos_
            label = vocab.strings[vocab.morphology.add(with_part_of_speech)]
            features.setdefault(label, plain)
            numbers.setdefault(label, IDS[token.pos_])
    return {"morph": features, "pos": numbers}


def _entity_moves(vocab: "Vocab", examples: "Sequence[Example]", wanted: Json) -> Any:
    from spacy.pipeline._parser_internals.ner import BiluoPushDown  # type: ignore[import-not-found]

    return BiluoPushDown.get_actions(examples=examples)


def _dependency_moves(vocab: "Vocab", examples: "Sequence[Example]", wanted: Json) -> Any:
    from spacy.pipeline._parser_internals.arc_eager import ArcEager  # type: ignore[import-not-found]

    return ArcEager.get_actions(
        examples=examples, min_freq=wanted["min_action_freq"], learn_tokens=wanted["learn_tokens"]
    )


@dataclass(frozen=True)
class _Kind:
    """Of labels: how they are gathered, and which settings of a component that depends on."""

    gather: "Gather"
    settings: tuple[str, ...] = ()


_KINDS = {
    "categories": _Kind(_categories),
    "tags": _Kind(_tags),
    "features": _Kind(_features),
    "entity moves": _Kind(_entity_moves),
    "dependency moves": _Kind(_dependency_moves, ("min_action_freq", "learn_tokens")),
}

_FACTORIES = {
    "textcat": "categories",
    "textcat_multilabel": "categories",
    "tagger": "tags",
    "morphologizer": "features",
    "ner": "entity moves",
    "beam_ner": "entity moves",
    "parser": "dependency moves",
    "beam_parser": "dependency moves",
}
