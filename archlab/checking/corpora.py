"""Before anything is trained: are the corpora there, do they hold documents, and what is learned from?

spaCy itself trains on a dev set without labels, or with the labels of another corpus, scores 0, and says
all is well.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from archlab.checking.building import bare_pipeline
from archlab.configs.slotting import get_section
from archlab.errors import CorpusError, explain
from archlab.records import Finding

if TYPE_CHECKING:
    from spacy.tokens import Doc

MAX_DOCUMENTS = 20_000
"""How many documents without the annotation are read before the rest is believed to lack it, too."""

DEV_DOCUMENTS = 500
"""How many dev documents are read for their labels."""


@dataclass(frozen=True)
class Need:
    """What a component learns from. labels: those of a document; none where it lacks the annotation."""

    what: str
    labels: Callable[["Doc"], set[str]]


def need_of(component: Mapping[str, Any]) -> Need | None:
    """What a component of spaCy learns from, by its section; None where that is not known."""
    factory = component.get("factory", "")
    if factory in ("spancat", "spancat_singlelabel", "span_finder"):
        key = component.get("spans_key", "sc")
        labels = factory != "span_finder"
        return Need(
            f"spans (doc.spans[{key!r}])",
            lambda doc: {span.label_ if labels else "span" for span in doc.spans.get(key) or ()},
        )
    return _NEEDS.get(factory)


def require_corpora(config: Mapping[str, Any]) -> None:
    """Raise CorpusError unless train and dev corpus are there, hold documents, hold the annotation that each
    component learns from and is scored by, and have a label in common. Reading stops as soon as that is seen.

    config: filled and interpolated.
    """
    from confection import Config
    from spacy.util import resolve_dot_names

    places = {role: config["training"][f"{role}_corpus"] for role in ("train", "dev")}
    for place in places.values():
        _require_file(place, config)
    readers = {}
    for role, place in places.items():
        try:
            (readers[role],) = resolve_dot_names(Config(dict(config)), [place])
        except Exception as error:  # readers are user code: anything can be raised
            raise CorpusError(f"{_named(place, config)} cannot be made: {explain(error)}") from None
    nlp = bare_pipeline(config["nlp"])
    needs = _needs(config)
    scored = {name: need for name, need in needs.items() if _is_scored(config, name)}
    dev = _read(places["dev"], config, readers["dev"], nlp, scored, {}, DEV_DOCUMENTS)
    _read(places["train"], config, readers["train"], nlp, needs, dev, MAX_DOCUMENTS)


def missing_corpora(config: Mapping[str, Any]) -> list[Finding]:
    """A warning for each corpus whose file is not there, and for vectors that are nowhere.

    A path that is null is given when it is trained.

    config: filled and interpolated.
    """
    findings = []
    for place in dict.fromkeys(config["training"].get(f"{role}_corpus") for role in ("train", "dev")):
        reader = get_section(config, place) if isinstance(place, str) else None
        if not isinstance(reader, Mapping) or not isinstance(reader.get("path"), str) or not reader["path"]:
            continue
        try:
            _require_file(str(place), config)
        except CorpusError as error:
            message = error.message.removeprefix(f"{place}: ")
            findings.append(Finding(severity="warning", slot=str(place), message=message, fix=error.hint))
    return [*findings, *_missing_vectors(config)]


def _missing_vectors(config: Mapping[str, Any]) -> list[Finding]:
    from spacy.util import is_package

    name = get_section(config, "initialize.vectors")
    if not isinstance(name, str) or Path(name).exists() or is_package(name):
        return []
    message = f"vectors = {name} is neither an installed package nor a folder"
    fix = "install it, or name another: --initialize.vectors NAME"
    return [Finding(severity="warning", slot="initialize", message=message, fix=fix)]


def _needs(config: Mapping[str, Any]) -> dict[str, Need]:
    frozen = config["training"]["frozen_components"]
    trained = [name for name in config["nlp"]["pipeline"] if name not in frozen]
    components = config["components"]
    return {name: need for name in trained if (need := need_of(components[name])) is not None}


def _is_scored(config: Mapping[str, Any], name: str) -> bool:
    """Whether a score of the component has a weight: what has none may lack its annotation in dev."""
    from spacy.util import get_lang_class

    meta = get_lang_class(config["nlp"]["lang"]).get_factory_meta(config["components"][name]["factory"])
    weights = config["training"]["score_weights"]
    return not meta.default_score_weights or any(weights.get(score) for score in meta.default_score_weights)


def _read(
    place: str,
    config: Mapping[str, Any],
    reader: Callable[..., Iterable[Any]],
    nlp: Any,
    needs: Mapping[str, Need],
    other: Mapping[str, set[str]],
    at_most: int,
) -> dict[str, set[str]]:
    """The labels per component that a corpus holds, read until one of each is in `other`, too.

    Raises CorpusError for a corpus that cannot be read, holds no documents, lacks an annotation, or has no
    label in common with `other`.
    """
    found: dict[str, set[str]] = {name: set() for name in needs}
    read = 0
    try:
        for example in islice(reader(nlp), at_most):
            read += 1
            for name, need in needs.items():
                found[name] |= need.labels(example.reference)
            if other and all(found[name] & other.get(name, found[name]) for name in needs):
                break
    except Exception as error:  # file formats are user data: anything can be raised
        raise CorpusError(f"{_named(place, config)} cannot be read: {explain(error)}") from None
    if not read:
        raise CorpusError(f"{_named(place, config)} holds no documents.", "Look at how the file was made.")
    for name, need in needs.items():
        if not found[name]:
            raise CorpusError(
                f"{_named(place, config)}: none of its {read:,} documents has {need.what}, "
                f"which {name} learns from and is scored by.",
                "Look at how the file was made; training on it would score 0.",
            )
        if name in other and not found[name] & other[name]:
            raise CorpusError(
                f"{_named(place, config)} has no label of {name} in common with the dev corpus: here "
                f"{_some(found[name])}, there {_some(other[name])}.",
                "Do both belong to the same task? Training on it would score 0.",
            )
    return found


def _require_file(place: str, config: Mapping[str, Any]) -> None:
    reader = get_section(config, place)
    if not isinstance(reader, Mapping) or "path" not in reader:
        return
    name = place.rpartition(".")[2]
    is_lent = reader["path"] == config.get("paths", {}).get(name, "")
    option = f"--paths.{name} FILE" if is_lent else f"--{place}.path FILE"
    if not reader["path"]:
        raise CorpusError(f"{place} has no path.", f"Name a .spacy file or a folder of them: {option}")
    if not Path(reader["path"]).exists():
        message = f"{place}: there is no {reader['path']} (looked for in {Path.cwd()})."
        raise CorpusError(message, f"Name another: {option}")


def _named(place: str, config: Mapping[str, Any]) -> str:
    """A corpus with the file it is read from."""
    reader = get_section(config, place)
    file = reader.get("path") if isinstance(reader, Mapping) else None
    return f"{place} ({file})" if file else place


def _some(labels: set[str], shown: int = 3) -> str:
    more = f" and {len(labels) - shown} more" if len(labels) > shown else ""
    return ", ".join(sorted(labels)[:shown]) + more


def _of_tokens(attribute: str, column: str) -> Callable[["Doc"], set[str]]:
    """Labels that tokens carry; none where the document is not annotated with them."""

    def labels(doc: "Doc") -> set[str]:
        if not doc.has_annotation(column):
            return set()
        return {str(getattr(token, attribute)) for token in doc} - {""}

    return labels


def _present(column: str) -> Callable[["Doc"], set[str]]:
    """One label for all: that the document is annotated is all that can be asked."""
    return lambda doc: {column} if doc.has_annotation(column) else set()


_NEEDS = {
    "textcat": Need("categories (doc.cats)", lambda doc: set(doc.cats)),
    "textcat_multilabel": Need("categories (doc.cats)", lambda doc: set(doc.cats)),
    "ner": Need("entities (doc.ents)", lambda doc: {entity.label_ for entity in doc.ents}),
    "beam_ner": Need("entities (doc.ents)", lambda doc: {entity.label_ for entity in doc.ents}),
    "entity_linker": Need("entities (doc.ents)", lambda doc: {"entity"} if doc.ents else set()),
    "tagger": Need("tags (token.tag)", _of_tokens("tag_", "TAG")),
    "morphologizer": Need(
        "morphology or parts of speech (token.morph, token.pos)",
        lambda doc: _of_tokens("morph", "MORPH")(doc) | _of_tokens("pos_", "POS")(doc),
    ),
    "parser": Need("dependencies (token.dep)", _of_tokens("dep_", "DEP")),
    "beam_parser": Need("dependencies (token.dep)", _of_tokens("dep_", "DEP")),
    "senter": Need("sentence starts (token.is_sent_start)", _present("SENT_START")),
    "trainable_lemmatizer": Need("lemmas (token.lemma)", _present("LEMMA")),
}
