"""The texts of the documents that a run was scored on, where they are still what they were."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from archlab.blocks.diagnostics import READER
from archlab.configs.fingerprints import content_digest
from archlab.configs.loading import interpolated
from archlab.configs.slotting import get_section
from archlab.errors import ConfigError, explain
from archlab.results.files import read_json
from archlab.results.paths import SweepPaths
from archlab.results.run_configs import run_config

FILE_READER = "spacy.Corpus.v1"
"""With archlab's own reader the only one that is made: those of others would run code that a folder names."""


def dev_texts(paths: SweepPaths, run_id: str, words: Sequence[int]) -> list[str] | str:
    """The texts of a run's dev corpus; or why they are not known, as a sentence.

    words: the tokens of each document, as the run counted them.
    """
    config = run_config(paths, run_id)
    if config is None:
        return f"config.cfg of run {run_id} is missing or damaged"
    try:
        config = interpolated(config)
        reader = get_section(config, str(config["training"]["dev_corpus"]))
        language = str(config["nlp"]["lang"])
    except (ConfigError, KeyError, TypeError) as error:
        return f"config.cfg of run {run_id} names no dev corpus: {explain(error)}"
    if not isinstance(reader, Mapping) or reader.get("@readers") not in (FILE_READER, READER):
        return "The dev corpus has a reader of its own"
    if reader["@readers"] == FILE_READER and (why := _why_changed(paths, run_id, reader.get("path"))):
        return why
    try:
        documents = _read(reader, language)
    except Exception as error:  # spaCy and what a language needs raise what they like
        return f"The dev corpus cannot be read: {explain(error)}"
    if [length for _, length in documents] != list(words):
        return "The dev corpus holds other documents than those that were scored"
    return [text for text, _ in documents]


def _why_changed(paths: SweepPaths, run_id: str, path: Any) -> str | None:
    """Why a file is not what the run read; None where it is."""
    if not isinstance(path, str) or not Path(path).exists():
        return f"The dev corpus is gone: {path}"
    spec = read_json(paths.run(run_id).spec)
    files = spec.get("files") if isinstance(spec, dict) else None
    known = files.get(str(Path(path).resolve())) if isinstance(files, dict) else None
    if known is None:
        return f"Which content {path} had is not known"
    return None if known == content_digest(Path(path)) else f"The dev corpus has changed: {path}"


def _read(section: Mapping[str, Any], language: str) -> list[tuple[str, int]]:
    """The text and the number of tokens of each document, as an evaluation reads them."""
    import spacy
    from spacy.util import registry

    plain = {key: value for key, value in section.items() if not isinstance(value, Mapping)}  # no augmenter
    reader = registry.resolve({"reader": plain})["reader"]
    return [(example.reference.text, len(example.reference)) for example in reader(spacy.blank(language))]
