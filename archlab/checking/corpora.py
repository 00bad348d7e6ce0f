"""Before anything is trained: are the corpora there, do they hold documents, and what is learned from?

spaCy itself trains on a dev set without labels, scores 0, and says all is well.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from archlab.checking.building import explain
from archlab.configs.slotting import get_section
from archlab.errors import CorpusError

if TYPE_CHECKING:
    from spacy.tokens import Doc

Has = Callable[["Doc"], bool]

MAX_DOCUMENTS = 20_000
"""How many documents without the annotation are read before the rest is believed to lack it, too."""


def _annotated(attribute: str, doc: "Doc") -> bool:
    return doc.has_annotation(attribute)


def _spans(key: str, doc: "Doc") -> bool:
    return bool(doc.spans.get(key))


def _needs(component: Mapping[str, Any]) -> tuple[str, Has] | None:
    """(what a component learns from, whether a document has it); None where that is not known."""
    by_factory: dict[str, tuple[str, Has]] = {
        "textcat": ("categories (doc.cats)", lambda doc: bool(doc.cats)),
        "textcat_multilabel": ("categories (doc.cats)", lambda doc: bool(doc.cats)),
        "ner": ("entities (doc.ents)", lambda doc: bool(doc.ents)),
        "entity_linker": ("entities (doc.ents)", lambda doc: bool(doc.ents)),
        "tagger": ("tags (token.tag)", partial(_annotated, "TAG")),
        "morphologizer": (
            "morphology or parts of speech (token.morph, token.pos)",
            lambda doc: doc.has_annotation("MORPH") or doc.has_annotation("POS"),
        ),
        "parser": ("dependencies (token.dep)", partial(_annotated, "DEP")),
        "senter": ("sentence starts (token.is_sent_start)", partial(_annotated, "SENT_START")),
        "trainable_lemmatizer": ("lemmas (token.lemma)", partial(_annotated, "LEMMA")),
    }
    if component.get("factory") in ("spancat", "spancat_singlelabel", "span_finder"):
        key = component.get("spans_key", "sc")
        return f"spans (doc.spans[{key!r}])", partial(_spans, key)
    return by_factory.get(component.get("factory", ""))


def require_corpora(config: Mapping[str, Any]) -> None:
    """Raise CorpusError unless train and dev corpus are there, hold documents, and hold at least one with
    the annotation that each component learns from. Reading stops as soon as that is seen.

    config: filled and interpolated.
    """
    from confection import Config
    from spacy.util import load_model_from_config, resolve_dot_names

    frozen = config["training"]["frozen_components"]
    trained = [name for name in config["nlp"]["pipeline"] if name not in frozen]
    bare = {**config, "nlp": {**config["nlp"], "pipeline": [], "disabled": []}, "components": {}}
    nlp = None
    for role in ("train_corpus", "dev_corpus"):
        path = config["training"][role]
        _require_file(path, get_section(config, path) or {})
        try:
            nlp = nlp or load_model_from_config(bare, auto_fill=False)
            (reader,) = resolve_dot_names(Config(dict(config)), [path])
            documents: Iterable[Doc] = (example.reference for example in reader(nlp))
            _require_annotation(path, config, trained, documents)
        except CorpusError:
            raise
        except Exception as error:  # readers are user code and file formats: anything can be raised
            raise CorpusError(f"{_named(path, config)} cannot be read: {explain(error)}") from None


def _require_file(path: str, reader: Mapping[str, Any]) -> None:
    if "path" not in reader:
        return
    place = f"--paths.{path.rpartition('.')[2]} FILE"
    if not reader["path"]:
        raise CorpusError(f"{path} has no path.", f"Name a .spacy file or a folder of them: {place}")
    if not Path(reader["path"]).exists():
        raise CorpusError(
            f"{path}: there is no {reader['path']} (looked for in {Path.cwd()}).", f"Name another: {place}"
        )


def _require_annotation(
    path: str, config: Mapping[str, Any], trained: list[str], documents: Iterable["Doc"]
) -> None:
    components = config["components"]
    missing = {name: need for name in trained if (need := _needs(components[name])) is not None}
    read = 0
    for doc in islice(documents, MAX_DOCUMENTS):
        read += 1
        missing = {name: need for name, need in missing.items() if not need[1](doc)}
        if not missing:
            return
    where = _named(path, config)
    if not read:
        raise CorpusError(f"{where} holds no documents.", "Look at how the file was made.")
    if missing:
        name, (what, _) = next(iter(missing.items()))
        raise CorpusError(
            f"{where}: none of its {read:,} documents has {what}, which {name} learns from and is scored by.",
            "Look at how the file was made; training on it would score 0.",
        )


def _named(path: str, config: Mapping[str, Any]) -> str:
    """A corpus with the file it is read from."""
    file = (get_section(config, path) or {}).get("path")
    return f"{path} ({file})" if file else path
