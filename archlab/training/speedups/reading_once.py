"""A run reads and tokenises each of its corpora once.

spaCy reads the training corpus two to four times for each component that is initialised, once more to train,
and the dev corpus at every evaluation. What it is read for does not change it: `Language.evaluate` and
`update` copy what they predict, and the training examples are the same over all epochs in spaCy, too.

Where that is not certain, spaCy's reader reads as often as it is asked: for readers that are not spaCy's own
or draw at random, tokenizers that learn, components of others, and corpora that are streamed.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from archlab.blocks.diagnostics import DiagnosticReader

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.tokenizer import Tokenizer  # type: ignore[import-not-found]
    from spacy.training import Example
    from spacy.vocab import Vocab

OWN_PACKAGES = ("spacy", "spacy_legacy", "spacy_transformers", "spacy_curated_transformers")


@dataclass(frozen=True)
class Read:
    """What was read with a vocabulary. tokenizer: another one than it was read with, which has seen the dev
    texts. examples: content of a reader -> what it gave. labels: gathered from those of training, by what
    `shared_labels` tells them apart."""

    vocab: "Vocab"
    tokenizer: "Tokenizer"
    examples: Mapping[object, "Sequence[Example]"]
    labels: Mapping[str, Any]


@contextmanager
def reading_once(config: Mapping[str, Any], before: Read | None = None) -> Iterator[None]:
    """Within this, spaCy's corpora and archlab's keep what they read.

    config: interpolated, of the run. before: what was read by others, for a pipeline with its vocabulary.
    """
    from spacy.training.corpus import Corpus

    if not can_keep(config):
        yield
        return
    kept: dict[tuple[object, ...], Sequence[Example]] = {}
    with _keeping(Corpus, kept, before), _keeping(DiagnosticReader, kept, before):
        yield


@contextmanager
def _keeping(
    reader_type: Any, kept: "dict[tuple[object, ...], Sequence[Example]]", before: Read | None
) -> Iterator[None]:
    """Within this, readers of this type give what is kept, where they read the same each time."""
    read = reader_type.__call__

    def read_once(reader: Any, nlp: "Language") -> Iterator["Example"]:
        content = content_of(reader)
        if content is None or not is_spacys_own(nlp):
            return cast(Iterator["Example"], read(reader, nlp))
        if before is not None and nlp.vocab is before.vocab and content in before.examples:
            return iter(before.examples[content])
        if (nlp, content) not in kept:
            kept[nlp, content] = list(read(reader, nlp))
        return iter(kept[nlp, content])

    reader_type.__call__ = read_once
    try:
        yield
    finally:
        reader_type.__call__ = read


def can_keep(config: Mapping[str, Any]) -> bool:
    """Whether the corpora stay in memory anyway, and nothing changes the tokenizer after they were read."""
    return config["training"]["max_epochs"] >= 0 and config["initialize"]["after_init"] is None


def content_of(reader: Any) -> object:
    """Tells what a reader gives from what others give; None where that may differ each time."""
    from spacy.training.augment import dont_augment
    from spacy.training.corpus import Corpus

    if type(reader) is DiagnosticReader:
        return reader
    if type(reader) is Corpus and not reader.shuffle and reader.augmenter is dont_augment:
        return reader.path, reader.limit, reader.gold_preproc, reader.max_length
    return None


def is_spacys_own(nlp: "Language") -> bool:
    """Whether nothing but spaCy sees the examples."""
    from spacy.tokenizer import Tokenizer

    packages = {_package(component) for _, component in nlp.pipeline}
    return type(nlp.tokenizer) is Tokenizer and packages <= set(OWN_PACKAGES)


def _package(component: Any) -> str:
    named = component.func if isinstance(component, partial) else component
    home = named.__module__ if hasattr(named, "__name__") else type(named).__module__
    return str(home).partition(".")[0]
