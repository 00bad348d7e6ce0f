"""Runs that read the same corpora share them: they are forked from a process that has read them once.

What is shared is a vocabulary, a tokenizer, the examples that were read with the vocabulary, and the labels
in them. A run whose pipeline begins with that vocabulary, and not with a new one, comes to the same: the
strings of its corpora and labels are in the end among those it saves, which are sorted, and lexemes are not
saved. Where something else than the corpora fills the vocabulary, where components of others see it or
somebody's code, nothing is shared.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from time import perf_counter
from typing import TYPE_CHECKING, Any

from archlab.blocks.diagnostics import READER
from archlab.catalog.factories import only_needed_factories
from archlab.checking.pipelines import FACTORIES
from archlab.configs.fingerprints import changed_files
from archlab.configs.slotting import get_section
from archlab.records import Json
from archlab.training.speedups.reading_once import Read, can_keep, content_of
from archlab.training.speedups.shared_labels import adds_strings, gather, what_is_gathered

if TYPE_CHECKING:
    from spacy.tokenizer import Tokenizer  # type: ignore[import-not-found]
    from spacy.training import Example
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


LABELS_SECONDS = 2.0
"""Of reading, after which no more labels are gathered: runs wait for their corpora."""

shared: dict[str, Read] = {}
"""What the process that this one was forked from has read, by its key: of one run's corpora, or nothing."""


def what_is_read(config: Mapping[str, Any], code: Sequence[str], files: Mapping[str, str]) -> Json | None:
    """The language, the corpora and the labels of a run; None where it has to read them itself.

    config: interpolated, of the run. code: files that it imports. files: what it reads, with digests.
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
    if not is_plain:
        return None
    paths = [str(reader.get("path")) for reader in readers]
    files = {file: digest for file, digest in files.items() if file.startswith(tuple(paths))}
    return {
        "lang": config["nlp"]["lang"],
        "corpora": readers,
        "files": files,
        "labels": what_is_gathered(config),
    }


def what_a_run_reads(config: str, code: Sequence[str], files: Mapping[str, str]) -> Json | None:
    """The same, for a config that is text; None also where it is wrong, which the run will tell."""
    from spacy.util import load_config_from_str

    with suppress(Exception):
        return what_is_read(load_config_from_str(config, interpolate=True), code, files)
    return None


def key_of(corpora: Json) -> str:
    """Tells corpora apart, as `what_is_read` has them; by labels only where these leave something in them."""
    labels = [wanted for wanted in corpora["labels"] if adds_strings(wanted)]
    return json.dumps({**corpora, "labels": labels}, sort_keys=True)


def read_corpora(corpora: Json) -> None:
    """Read them in this process, which does nothing else, for those that are forked from it.

    Raises what spaCy and the disk raise, and ValueError for files that are not what they were.
    """
    import spacy
    from spacy.util import registry

    began = perf_counter()
    config = {"nlp": {"tokenizer": TOKENIZER}}
    with only_needed_factories({}):
        nlp = spacy.blank(corpora["lang"], config=config)
        tokenizer = spacy.blank(corpora["lang"], vocab=nlp.vocab, config=config).tokenizer
    examples: dict[object, list[Example]] = {}
    readers = [registry.resolve({"corpus": section})["corpus"] for section in corpora["corpora"]]
    train, dev = (content_of(reader) for reader in readers)
    for content, reader in zip((train, dev), readers, strict=True):
        if content is not None and content not in examples:
            examples[content] = list(reader(nlp))
    for example in examples.get(dev, ()):  # as a run's own has seen them
        tokenizer(example.reference.text)
    deadline = began + LABELS_SECONDS
    labels = gather(corpora["labels"], nlp.vocab, examples[train], deadline) if train in examples else {}
    if changed := changed_files(corpora["files"]):
        raise ValueError(f"{changed[0]} has changed")
    shared[key_of(corpora)] = Read(nlp.vocab, tokenizer, examples, labels)


@contextmanager
def sharing(
    config: Mapping[str, Any], code: Sequence[str], files: Mapping[str, str]
) -> Iterator[Read | None]:
    """What was read for a run, if it was. Within this, its pipeline begins with that vocabulary.

    config, code, files: as for `what_is_read`.
    """
    from spacy import language as module

    language: Any = module
    corpora = what_is_read(config, code, files) if shared else None
    found = shared.get(key_of(corpora)) if corpora is not None else None
    if corpora is None or found is None:
        yield None
        return
    create, make = language.create_vocab, language.Tokenizer

    def begin_with_what_was_read(lang: str, defaults: Any, vectors_name: str | None = None) -> "Vocab":
        if lang != corpora["lang"] or vectors_name is not None:
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
