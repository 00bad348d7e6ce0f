"""Corpora whose right answers are known by construction: they show what an architecture cannot see.

A spaCy config reads them by name, without any file:

    [corpora.train]
    @readers = "archlab.Diagnostic.v1"
    task = "word_order"
    split = "train"
    size = 300
    label_noise = 0.1
    seed = 0
"""

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from itertools import islice
from random import Random
from typing import TYPE_CHECKING

from archlab.blocks.diagnostic_texts import TASKS
from archlab.errors import did_you_mean

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.training import Example

READER = "archlab.Diagnostic.v1"
SPLITS = ("train", "dev")
LabelledText = tuple[str, str]
_MISSES_AT_MOST = 1000


@dataclass(frozen=True)
class DiagnosticReader:
    """Labelled texts as spaCy wants a corpus: called with the pipeline, it yields an Example for each text.

    labels: the task's two labels.
    texts: (text, label), in the order in which they are read.
    """

    labels: tuple[str, str]
    texts: tuple[LabelledText, ...]

    def __call__(self, nlp: "Language") -> "Iterator[Example]":
        """Examples with `cats`: 1.0 for the text's label, 0.0 for the other."""
        from spacy.training import Example

        for text, label in self.texts:
            cats = {candidate: float(candidate == label) for candidate in self.labels}
            yield Example.from_dict(nlp.make_doc(text), {"cats": cats})


def create_diagnostic_reader(
    task: str, split: str, size: int, label_noise: float = 0.0, seed: int = 0
) -> DiagnosticReader:
    """Make the reader `archlab.Diagnostic.v1`: short English texts of two exclusive labels.

    Texts come in pairs: the same text once for each label, changed only in what the task is about. So the
    labels are balanced, and no other word, no length and no capital letter tells.

    task: what decides the label, and so what is tested.
        `keywords` (BILLING, DELIVERY): letters to a shop. One of eight nouns for each label (invoice,
            refund ...; parcel, package ...) stands somewhere in a letter that is otherwise the same for
            both. Dev has the same nouns in other letters. Whatever sees words solves it, a linear bag of
            words included.
        `word_order` (PRAISE, COMPLAINT): reviews that say one adjective and deny its opposite: "The room
            was clean, not dirty." Each is paired with its mirror, in which the two have changed places:
            "The room was dirty, not clean." The adjective that is not denied decides. As both have the same
            words, a bag of single words scores .5 exactly, whatever it has learned; bigrams ("not dirty")
            or a window over neighbours solve it. Dev has the same adjectives in other reviews.
        `spelling` (HEART, INFECTION): notes in a pharmacy about a medicine with a made-up name. Its ending
            tells what it is for, as with real ones: -olol, -april, -artan or -illin, -oxacin, -ovir. A pair
            shares the rest of the name, and no name in dev is in train, so an embedding of whole words
            stays near .5; characters, or spaCy's SUFFIX (the last three letters), solve it.
    split: `train` or `dev`. They share no text, whatever their sizes and seeds: a hash of the text without
        what decides (in spelling, of the name without its ending) says to which split a pair belongs.
    size: the number of texts, at least 1. Without noise, a smaller corpus is the beginning of a larger one.
        Both texts of a pair follow each other, in either order; an odd size leaves out the second one of
        the last pair.
    label_noise: the share of train texts, from 0 to 1, that get the other label: exactly
        round(label_noise * size) single texts, chosen by the seed (so one side of a pair may be wrong and the
        other right). Dev is never noisy, whatever is given here.
    seed: another seed, other texts.

    Raises ValueError: an unknown task or split, a number out of range, a size above what a task can make.
    """
    texts = draw_texts(task, split, size, label_noise, seed)
    return DiagnosticReader(TASKS[task].labels, tuple(texts))


def draw_texts(
    task: str, split: str, size: int, label_noise: float = 0.0, seed: int = 0
) -> list[LabelledText]:
    """What `create_diagnostic_reader` describes, as (text, label) and without spaCy; raises as it does."""
    _check_arguments(task, split, size, label_noise)
    labels = TASKS[task].labels
    texts = list(islice(_texts_without_noise(task, split, seed), size))
    if split == "train":
        noise = Random(f"{READER}/noise/{task}/{seed}")
        for index in noise.sample(range(size), round(label_noise * size)):
            text, label = texts[index]
            texts[index] = (text, labels[1 - labels.index(label)])
    return texts


def _texts_without_noise(task: str, split: str, seed: int) -> Iterator[LabelledText]:
    """Pair by pair, every key once, until no new pair of this split is found."""
    # Seeded by a string: it means the same in every process and Python, as hash() does not.
    rng = Random(f"{READER}/texts/{task}/{split}/{seed}")
    labels, draw_pair = TASKS[task].labels, TASKS[task].draw_pair
    seen: set[str] = set()
    misses = 0
    while misses < _MISSES_AT_MOST:
        pair = draw_pair(rng)
        if _split_of(pair.key) != split or pair.key in seen:
            misses += 1
            continue
        misses = 0
        seen.add(pair.key)
        labelled = list(zip(pair.texts, labels, strict=True))
        rng.shuffle(labelled)
        yield from labelled
    raise ValueError(
        f"{READER}: size is more than the {split} texts that {task} can make. "
        f"{_MISSES_AT_MOST} draws in a row gave none that is new; ask for at most {2 * len(seen)}."
    )


def _split_of(key: str) -> str:
    """The split that a key belongs to: half of all keys are for train, half for dev, whatever the seed."""
    return SPLITS[sha256(key.encode("utf8")).digest()[0] % len(SPLITS)]


def _check_arguments(task: str, split: str, size: int, label_noise: float) -> None:
    for argument, value, known in (("task", task, tuple(TASKS)), ("split", split, SPLITS)):
        if value not in known:
            nearest = did_you_mean(value, known)
            hint = "" if nearest is None else f" {nearest}"
            raise ValueError(
                f"{READER}: {argument} {value!r} is unknown.{hint} There are: {', '.join(known)}."
            )
    if size < 1:
        raise ValueError(f"{READER}: size is {size}, but a corpus needs at least 1 text.")
    if not 0 <= label_noise <= 1:
        raise ValueError(
            f"{READER}: label_noise is {label_noise}, but it is a share of the texts: between 0 and 1."
        )
