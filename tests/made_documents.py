"""Documents that mean nothing, annotated for all components of spaCy, and a base that learns from them."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy
import spacy
from spacy.cli.init_config import init_config
from spacy.tokens import Doc, DocBin, Span

import archlab
from archlab.records import Result
from archlab.results.paths import RunPaths, SweepPaths

COMPONENTS = ["tagger", "morphologizer", "parser", "ner", "textcat", "textcat_multilabel"]

TEXT = "the cat saw a big dog in Paris and Rome while some bird sang to Anna near old Berlin"
LABELS = [f"label{number}" for number in range(12)]


def documents(count: int, seed: int) -> Iterator[Doc]:
    """Texts that mean nothing, annotated in all ways."""
    nlp = spacy.blank("en")
    known = TEXT.split()
    random = numpy.random.default_rng(seed)
    for _ in range(count):
        words = [str(word) for word in random.choice(known, size=random.integers(3, 9))]
        doc = Doc(
            nlp.vocab,
            words=words,
            tags=[word[0].upper() for word in words],
            morphs=["Number=Sing" if len(word) % 2 else "" for word in words],
            pos=["NOUN" if len(word) > 3 else "DET" for word in words],
            heads=[len(words) // 2] * len(words),
            deps=["ROOT" if n == len(words) // 2 else ("dep", "mod")[n % 2] for n in range(len(words))],
        )
        doc.set_ents([Span(doc, i, i + 1, "NAME") for i, word in enumerate(words) if word.istitle()])
        label = LABELS[len(words[0]) + len(words) % 2]
        doc.cats = {name: float(name == label) for name in LABELS}
        yield doc


def write_corpora(folder: Path) -> Path:
    """train.spacy and dev.spacy in the folder, which is returned."""
    for seed, (name, count) in enumerate((("train", 60), ("dev", 20))):
        DocBin(docs=documents(count, seed)).to_disk(folder / f"{name}.spacy")
    return folder


def write_base(folder: Path, data: Path, settings: Mapping[str, Any]) -> None:
    """What spaCy recommends for all these components, on a shared tok2vec, and what is set beside."""
    config = init_config(lang="en", pipeline=COMPONENTS, optimize="efficiency", gpu=False, silent=True)
    set_values(config, settings)
    config["paths"].update({"train": str(data / "train.spacy"), "dev": str(data / "dev.spacy")})
    config.to_disk(folder / "base.cfg")


def set_values(config: Any, settings: Mapping[str, Any]) -> None:
    """Change a config. settings: dotted path -> value."""
    for path, value in settings.items():
        *sections, key = path.split(".")
        section = config
        for name in sections:
            section = section[name]
        section[key] = value


def train_here(
    folder: Path, data: Path, settings: Mapping[str, Any], *, speedups: bool
) -> tuple[RunPaths, Result]:
    """A run in this process from such a base, and what came of it."""
    write_base(folder, data, settings)
    (folder / "sweep.yml").write_text("base: base.cfg\nkeep_models: all\n", encoding="utf8")
    experiments = folder / f"experiments-{speedups}"
    (result,) = archlab.grid(
        folder / "sweep.yml", engine="inline", experiments=experiments, speedups=speedups
    )
    return SweepPaths.of("sweep", experiments).run(result.run_id), result


def files_of(model: Path) -> dict[str, bytes]:
    """All files of a model that was kept."""
    files = {str(file.relative_to(model)): file.read_bytes() for file in model.rglob("*") if file.is_file()}
    assert len(files) > 10
    return files
