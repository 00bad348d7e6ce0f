"""The documents of a probe: a few of the config's own corpus, or a dozen made to fit."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from archlab.checking.corpora import need_of
from archlab.checking.sample_docs import fixed_outputs, make_examples
from archlab.configs.slotting import get_section
from archlab.errors import explain

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.training import Example

MAX_READ = 1000
MAX_KEPT = 20
MAX_TOKENS = 2000
"""How much of a corpus is looked at, and how much of that is trained on."""

Reader = Callable[["Language"], Iterable["Example"]]


@dataclass(frozen=True)
class Sample:
    """What a probe works on.

    examples: to update and evaluate on. all_examples: to initialize from; more only where the number of
    labels counts. reason: why the documents are made up; None where they are the corpus's own.
    """

    examples: "list[Example]"
    all_examples: "list[Example]"
    reason: str | None = None


def take_sample(nlp: "Language", config: Mapping[str, Any]) -> Sample:
    """A few examples of the training corpus, if every trained component's annotation is among them.

    config: filled and interpolated. Never raises for a corpus; what is wrong with it is the reason.
    """
    place = config["training"]["train_corpus"]
    section = get_section(config, place) or {}
    if "path" in section and not section["path"]:
        return _made(nlp, config, f"{place} has no path")
    try:
        kept, everything, missing = _read(_reader(section)(nlp), config)
    except Exception as error:  # readers are user code and file formats: anything can be raised
        return _made(nlp, config, f"{place} cannot be read: {explain(error)}")
    if missing:
        return _made(nlp, config, f"{place} has no {missing[0]} among its first {MAX_READ:,} documents")
    return Sample(kept, everything)


def _made(nlp: "Language", config: Mapping[str, Any], reason: str) -> Sample:
    examples = make_examples(nlp, config)
    return Sample(examples, examples, reason)


def _reader(section: Mapping[str, Any]) -> Reader:
    """This reader alone: another corpus that is missing does not matter here."""
    from spacy.util import registry

    reader: Reader = registry.resolve({"corpus": dict(section)})["corpus"]
    return reader


def _read(
    examples: "Iterable[Example]", config: Mapping[str, Any]
) -> "tuple[list[Example], list[Example], list[str]]":
    """(the examples to train on, those to initialize from, the annotations that are missing)."""
    trained = _trained(config)
    missing = {name: need for name in trained if (need := need_of(config["components"][name])) is not None}
    # A literal nO is the number of labels of the whole corpus, not of a few documents.
    needs_all = any(fixed_outputs(config["components"][name]) is not None for name in trained)
    kept: list[Example] = []
    everything: list[Example] = []
    tokens = 0
    cats: set[str] = set()
    want_cats = any(config["components"][name].get("factory") == "textcat" for name in trained)
    for number, example in enumerate(examples):
        if needs_all:
            everything.append(example)
        doc = example.reference
        new = [name for name, need in missing.items() if need.labels(doc)]
        brings_cat = want_cats and len(cats) < 2 and bool(set(doc.cats) - cats)
        fits = len(kept) < MAX_KEPT and (not kept or tokens + len(doc) <= MAX_TOKENS)
        if number < MAX_READ and (fits or new or brings_cat):
            kept.append(example)
            tokens += len(doc)
            cats |= set(doc.cats)
            missing = {name: need for name, need in missing.items() if name not in new}
        has_enough = len(kept) >= MAX_KEPT or tokens >= MAX_TOKENS
        is_complete = not missing and not (want_cats and len(cats) < 2)
        if not needs_all and ((has_enough and is_complete) or number + 1 >= MAX_READ):
            break
    gaps = [need.what for need in missing.values()] if kept else ["documents"]
    if want_cats and len(cats) < 2:
        gaps.append("two categories")
    return kept, everything if needs_all else kept, gaps


def _trained(config: Mapping[str, Any]) -> list[str]:
    frozen = config["training"]["frozen_components"]
    return [name for name in config["nlp"]["pipeline"] if name not in frozen]
