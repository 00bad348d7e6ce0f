"""Runs that read the same corpora share them: they are forked from a process that has read them once.

What is shared is a vocabulary, a tokenizer, and the examples that were read with the vocabulary. A run whose
pipeline begins with that vocabulary, and not with a new one, comes to the same: the strings of its corpora
are in the end among those it saves, which are sorted, and lexemes are not saved. Where anything else than
spaCy could look at the vocabulary before, or than the corpora fill it, nothing is shared.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from archlab.blocks.diagnostics import READER
from archlab.catalog.factories import only_needed_factories
from archlab.checking.pipelines import FACTORIES
from archlab.configs.slotting import get_section
from archlab.records import Json
from archlab.training.speedups.reading_once import Read, can_keep, content_of

if TYPE_CHECKING:
    from spacy.tokenizer import Tokenizer  # type: ignore[import-not-found]
    from spacy.vocab import Vocab

READERS = ("spacy.Corpus.v1", READER)
TOKENIZER = {"@tokenizers": "spacy.Tokenizer.v1"}
VECTORS = {"@vectors": "spacy.Vectors.v1"}
UNSET = (
    "nlp.before_creation",
    "nlp.after_creation",
    "nlp.after_pipeline_creation",
    "initialize.vectors",
    "initialize.vocab_data",
    "initialize.lookups",
    "initialize.tokenizer",
    "initialize.before_init",
)
"""Where a config can fill the vocabulary, or change how words are told apart."""


shared: dict[str, Read] = {}
"""What the process that this one was forked from has read, by its key: of one run's corpora, or nothing."""


def what_is_read(config: Mapping[str, Any], code: Sequence[str] = ()) -> Json | None:
    """The language and the corpora of a run; None where it has to read them itself.

    config: interpolated, of the run. code: files that it imports.
    """
    readers = [get_section(config, str(config["training"][f"{role}_corpus"])) for role in ("train", "dev")]
    is_plain = (
        not code
        and can_keep(config)
        and config["nlp"].get("tokenizer", TOKENIZER) == TOKENIZER
        and config["nlp"].get("vectors", VECTORS) == VECTORS
        and not any(get_section(config, place) for place in UNSET)
        and all(section.get("factory") in FACTORIES for section in config["components"].values())
        and all(isinstance(reader, Mapping) and reader.get("@readers") in READERS for reader in readers)
        and not any(reader.get("augmenter") for reader in readers)
    )
    return {"lang": config["nlp"]["lang"], "corpora": readers} if is_plain else None


def key_of(read: Json) -> str:
    """Tells apart what is read."""
    return json.dumps(read, sort_keys=True)


def read_corpora(read: Json) -> None:
    """Read them in this process, which does nothing else, for those that are forked from it.

    Raises what spaCy and the disk raise.
    """
    import spacy
    from spacy.util import registry

    with only_needed_factories({}):
        nlp = spacy.blank(read["lang"])
        tokenizer = spacy.blank(read["lang"], vocab=nlp.vocab).tokenizer
    examples = {}
    for section in read["corpora"]:
        reader = registry.resolve({"corpus": section})["corpus"]
        content = content_of(reader)
        if content is not None and content not in examples:
            examples[content] = list(reader(nlp))
    shared[key_of(read)] = Read(nlp.vocab, tokenizer, examples)


@contextmanager
def sharing(config: Mapping[str, Any], code: Sequence[str]) -> Iterator[Read | None]:
    """What was read for a run, if it was. Within this, its pipeline begins with that vocabulary.

    config, code: as for `what_is_read`.
    """
    from spacy import language as module

    language: Any = module
    read = what_is_read(config, code) if shared else None
    found = shared.get(key_of(read)) if read is not None else None
    if read is None or found is None:
        yield None
        return
    create, make = language.create_vocab, language.Tokenizer

    def begin_with_what_was_read(lang: str, defaults: Any, vectors_name: str | None = None) -> "Vocab":
        if lang != read["lang"] or vectors_name is not None:
            new: Vocab = create(lang, defaults, vectors_name=vectors_name)
            return new
        language.create_vocab = create
        return found.vocab

    def take_tokenizer(vocab: "Vocab", **rules: Any) -> "Tokenizer":
        if vocab is not found.vocab:
            return make(vocab, **rules)
        language.Tokenizer = make
        return found.tokenizer

    language.create_vocab, language.Tokenizer = begin_with_what_was_read, take_tokenizer
    try:
        yield found
    finally:
        language.create_vocab, language.Tokenizer = create, make
