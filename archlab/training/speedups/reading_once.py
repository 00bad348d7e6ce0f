"""A run reads and tokenises each of its corpora once.

spaCy reads the training corpus two to four times for each component that is initialised, once more to train,
and the dev corpus at every evaluation. What it is read for does not change it: `Language.evaluate` and
`update` copy what they predict, and the training examples are the same over all epochs in spaCy, too.

Where that is not certain, spaCy's reader reads as often as it is asked: for readers that are not spaCy's own
or draw at random, tokenizers that learn, components of others, and corpora that are streamed.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.training import Example

OWN_PACKAGES = ("spacy", "spacy_legacy", "spacy_transformers", "spacy_curated_transformers")


@contextmanager
def reading_once(config: Mapping[str, Any]) -> Iterator[None]:
    """Within this, spaCy's corpora keep what they have read. config: interpolated, of the run."""
    from spacy.training.corpus import Corpus

    if not _can_keep(config):
        yield
        return
    read, kept = Corpus.__call__, dict[tuple[object, ...], list["Example"]]()

    def read_once(corpus: Corpus, nlp: "Language") -> Iterator["Example"]:
        if not (_is_the_same_each_time(corpus) and is_spacys_own(nlp)):
            return read(corpus, nlp)
        key = (nlp, corpus.path, corpus.limit, corpus.gold_preproc, corpus.max_length)
        if key not in kept:
            kept[key] = list(read(corpus, nlp))
        return iter(kept[key])

    Corpus.__call__ = read_once  # type: ignore[method-assign, assignment]
    try:
        yield
    finally:
        Corpus.__call__ = read  # type: ignore[method-assign]


def _can_keep(config: Mapping[str, Any]) -> bool:
    """Whether the corpora stay in memory anyway, and nothing changes the tokenizer after they were read."""
    return config["training"]["max_epochs"] >= 0 and config["initialize"]["after_init"] is None


def _is_the_same_each_time(corpus: Any) -> bool:
    from spacy.training.augment import dont_augment
    from spacy.training.corpus import Corpus

    return type(corpus) is Corpus and not corpus.shuffle and corpus.augmenter is dont_augment


def is_spacys_own(nlp: "Language") -> bool:
    """Whether nothing but spaCy sees the examples."""
    from spacy.tokenizer import Tokenizer  # type: ignore[import-not-found]

    packages = {_package(component) for _, component in nlp.pipeline}
    return type(nlp.tokenizer) is Tokenizer and packages <= set(OWN_PACKAGES)


def _package(component: Any) -> str:
    named = component.func if isinstance(component, partial) else component
    home = named.__module__ if hasattr(named, "__name__") else type(named).__module__
    return str(home).partition(".")[0]
