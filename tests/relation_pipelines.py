"""Small pipelines around examples/relations, and documents for them."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

from conftest import ROOT
from example_code import forget, import_example
from spacy.language import Language
from spacy.tokens import Doc, DocBin, Span
from spacy.training import Example

CODE = ROOT / "examples" / "relations" / "relations.py"
BASE = ROOT / "examples" / "relations" / "base.cfg"
SMALL = {
    "components.relation_extractor.model.create_instance_tensor.tok2vec.width": 16,
    "components.relation_extractor.model.create_instance_tensor.tok2vec.depth": 1,
    "components.relation_extractor.model.create_instance_tensor.tok2vec.embed_size": 100,
}

Spans = Sequence[tuple[int, int]]
Relations = Mapping[tuple[int, int], Mapping[str, float]]


@contextmanager
def registered_code() -> Iterator[ModuleType]:
    """The code file, its blocks registered within this; other tests list what is registered."""
    module = import_example("relations", keep=True)
    try:
        yield module
    finally:
        forget(module)


def make_pipeline(overrides: Mapping[str, Any] | None = None) -> Language:
    """The pipeline of the shipped config, small, and without weights."""
    from spacy.util import load_config, load_model_from_config

    config = load_config(BASE, overrides={**SMALL, **(overrides or {})}, interpolate=True)
    return load_model_from_config(config, auto_fill=True)


def make_doc(nlp: Language, text: str, entities: Spans = (), relations: Relations | None = None) -> Doc:
    """A gold document. entities: (start, end) in tokens."""
    doc = Doc(nlp.vocab, words=text.split())
    doc.ents = [Span(doc, start, end, label="GGP") for start, end in entities]
    doc._.rel = {pair: dict(labels) for pair, labels in (relations or {}).items()}
    return doc


def make_example(nlp: Language, gold: Doc) -> Example:
    """Gold beside what a corpus gives to a pipeline: the words alone."""
    return Example(Doc(nlp.vocab, words=[token.text for token in gold]), gold)


def gold_docs(nlp: Language) -> list[Doc]:
    """Documents with no, one, two and three entities, of one token and of two."""
    return [
        make_doc(nlp, "A1 binds B2 in cells", [(0, 1), (2, 3)], {(0, 2): {"Binds": 1.0, "Regulates": 0.0}}),
        make_doc(nlp, "nothing here"),
        make_doc(
            nlp,
            "the factor C3 regulates D4 kinase , not E5",
            [(1, 3), (4, 6), (8, 9)],
            {(1, 4): {"Regulates": 1.0, "Binds": 0.0}, (4, 1): {"Regulates": 0.0, "Binds": 0.0}},
        ),
        make_doc(nlp, "only F6", [(1, 2)]),
    ]


def save(docs: Sequence[Doc], file: Path) -> Path:
    DocBin(docs=docs, store_user_data=True).to_disk(file)
    return file
