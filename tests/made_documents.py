"""Documents that mean nothing, annotated for all components of spaCy."""

from collections.abc import Iterator

import numpy
import spacy
from spacy.tokens import Doc, Span

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
