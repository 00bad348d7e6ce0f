"""The sentences of the diagnostic corpora: vocabulary, templates, and how a pair of texts is drawn from them.

All tasks are built alike: a pair is one text said twice, once for each label, and its two sides differ in
nothing but what the task is about. So whatever else is in a text (its scene, length, punctuation, capitals)
tells nothing, and the two labels are equally frequent.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random

Words = tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Pair:
    """Two texts which differ in what decides the label, and in nothing else.

    key: what the train and the dev split must not share; it alone says to which of them the pair belongs.
    texts: one text for each of the task's labels, in the order of the labels.
    """

    key: str
    texts: tuple[str, str]


@dataclass(frozen=True, kw_only=True)
class Task:
    """Two labels, and the function that draws a pair of texts for them."""

    labels: tuple[str, str]
    draw_pair: Callable[[Random], Pair]


def _filled(template: str, fillers: Mapping[str, Words], rng: Random) -> str:
    """The template with a word for each {name} that `fillers` knows; other slots stay open."""
    for name, words in fillers.items():
        template = template.replace("{" + name + "}", rng.choice(words))
    return template


def _scene(rng: Random, openings: Words, bodies: Words, closings: Words, fillers: Mapping[str, Words]) -> str:
    """A body between an opening and a closing, either of which may be empty; each begins with a capital."""
    parts = (_filled(rng.choice(choices), fillers, rng) for choices in (openings, bodies, closings))
    return " ".join(part[0].upper() + part[1:] for part in parts if part)


_NOTHING = ("",) * 4  # most texts have no opening, or no closing
_MONTHS = ("January", "March", "April", "June", "August", "October")
_TOWNS = ("Ashford", "Brighton", "Carlisle", "Durham", "Exeter", "Leeds")

# keywords: letters to a shop. The noun that a letter is about decides.

BILLING_WORDS = ("invoice", "refund", "receipt", "bill", "payment", "statement", "voucher", "discount")
DELIVERY_WORDS = ("parcel", "package", "shipment", "delivery", "crate", "carton", "pallet", "consignment")

_LETTER_OPENINGS = (
    *_NOTHING,
    "Good morning.",
    "Good afternoon, this is {name} again.",
    "Hello, I hope that you can help me.",
    "Thank you for your quick answer.",
    "I am sorry to bother you once more.",
    "My name is {name} and I live in {town}.",
    "We spoke on the telephone {past}.",
)
_LETTER_BODIES = (
    "{who} cannot find the {noun} that you promised {past}.",
    "{who} asked about the {noun} {past}, but nobody could help.",
    "{who} would like to know what happened to the {noun} from {month}.",
    "there seems to be a problem with the {noun} that {who} expected {past}.",
    "the {noun} from {month} was not what {who} had in mind.",
    "your colleague in {town} told us {past} that the {noun} was ready.",
    "could you tell me why the {noun} was not mentioned {past}?",
    "when {who} called {past}, the {noun} was still missing.",
    "you wrote {past} that the {noun} was waiting in {town}.",
    "{past} {who} wrote to you about a {noun}.",
    "I have two questions about the {noun} that arrived {past}.",
    "a second {noun} came {past}, and {who} did not ask for it.",
)
_LETTER_CLOSINGS = (
    *_NOTHING,
    "Please call me back.",
    "Please let me know what I should do.",
    "I look forward to your answer.",
    "Many thanks, {name}.",
    "We are at home after six.",
    "My number has not changed.",
)
_LETTER_FILLERS: dict[str, Words] = {
    "who": ("my sister", "my neighbour", "our assistant", "my husband", "a friend of mine", "my mother"),
    "past": ("yesterday", "on Monday", "on Friday", "last week", "two days ago", "this morning"),
    "name": ("Anna Berg", "Paul Stone", "Maria Lopez", "Tom Field", "Nora Hill", "Peter Marsh"),
    "month": _MONTHS,
    "town": _TOWNS,
}


def draw_keywords(rng: Random) -> Pair:
    """A letter about a bill, and the same letter about a delivery. The letter around the noun is the key."""
    letter = _scene(rng, _LETTER_OPENINGS, _LETTER_BODIES, _LETTER_CLOSINGS, _LETTER_FILLERS)
    nouns = rng.choice(BILLING_WORDS), rng.choice(DELIVERY_WORDS)
    return Pair(key=letter, texts=(letter.replace("{noun}", nouns[0]), letter.replace("{noun}", nouns[1])))


# word_order: reviews. Each says one adjective and denies its opposite; which of the two is denied decides.

_ROOMS = ("the room", "our bedroom", "the dining hall", "the little flat")
_PEOPLE = ("the waiter", "our guide", "the receptionist", "the landlady")
_FOOD = ("the bread", "my breakfast", "the fish", "the cheese")
_TRANSPORT = ("the morning train", "the airport bus", "the ferry", "the hotel taxi")
OPPOSITES: tuple[tuple[Words, str, str], ...] = (
    (_ROOMS, "clean", "dirty"),
    (_ROOMS, "quiet", "noisy"),
    (_ROOMS, "bright", "gloomy"),
    (_ROOMS, "spacious", "cramped"),
    (_PEOPLE, "friendly", "rude"),
    (_PEOPLE, "attentive", "careless"),
    (_PEOPLE, "helpful", "useless"),
    (_PEOPLE, "cheerful", "sullen"),
    (_FOOD, "fresh", "stale"),
    (_FOOD, "tasty", "bland"),
    (_FOOD, "delicious", "awful"),
    (_TRANSPORT, "punctual", "late"),
    (_TRANSPORT, "fast", "slow"),
    (_TRANSPORT, "comfortable", "shabby"),
)

_REVIEW_OPENINGS = (
    *_NOTHING,
    "We stayed for {days} in {month}.",
    "This was our {nth} visit to {town}.",
    "My parents chose this place.",
    "A friend in {town} told us to come here.",
    "We came in {month} with the children.",
)
_REVIEW_BODIES = (
    "{subject} {was} {said}, not {denied}.",
    "{when} {subject} {was} {said}, not {denied}.",
    "{subject} {was} not {denied} but {said}.",
    "{when} {subject} {was} not {denied} but {said}.",
    "{subject} {was} {said} rather than {denied}.",
    "{when} {subject} {was} {said} rather than {denied}.",
    "{subject} {was} {said} instead of {denied} {when}.",
    "{subject} {was} anything but {denied}, and really {said} {when}.",
    "far from being {denied}, {subject} {was} {said} {when}.",
)
_REVIEW_CLOSINGS = (
    *_NOTHING,
    "Nobody in our group expected that.",
    "The others said the same.",
    "We paid for {days}.",
    "That is all I can say about it.",
)
_REVIEW_FILLERS: dict[str, Words] = {
    "was": ("was", "seemed", "proved"),
    "when": ("on Sunday", "on the first day", "that evening", "in the end", "this time"),
    "days": ("two nights", "three days", "a week", "a weekend"),
    "nth": ("first", "second", "third"),
    "month": _MONTHS,
    "town": _TOWNS,
}


def draw_word_order(rng: Random) -> Pair:
    """A review and its mirror: the same words in another order. All but its adjectives is the key."""
    subjects, good, bad = rng.choice(OPPOSITES)
    fillers = {"subject": subjects, **_REVIEW_FILLERS}
    review = _scene(rng, _REVIEW_OPENINGS, _REVIEW_BODIES, _REVIEW_CLOSINGS, fillers)
    praise = review.replace("{said}", good).replace("{denied}", bad)
    complaint = review.replace("{said}", bad).replace("{denied}", good)
    return Pair(key=review, texts=(praise, complaint))


# spelling: notes in a pharmacy. The ending of a medicine's made-up name decides, as it does with real ones.

HEART_ENDINGS = ("olol", "april", "artan")
INFECTION_ENDINGS = ("illin", "oxacin", "ovir")

_ONSETS = (
    "b",
    "br",
    "d",
    "dr",
    "f",
    "fl",
    "g",
    "gl",
    "k",
    "l",
    "m",
    "n",
    "p",
    "pl",
    "r",
    "s",
    "st",
    "t",
    "tr",
    "v",
    "z",
)
_VOWELS = ("a", "e", "i", "o", "u")
_LAST_CONSONANTS = ("b", "d", "f", "g", "k", "m", "n", "s", "t", "v", "z", "nd", "lm", "rb", "st")

_NOTE_OPENINGS = (
    *_NOTHING,
    "Good morning.",
    "A short note for {name}.",
    "{name} called {past}.",
    "Hello from {town}.",
)
_NOTE_BODIES = (
    "please send two boxes of {medicine} to the clinic in {town}.",
    "the nurse asked for more {medicine} {past}.",
    "a patient from {town} collected the last box of {medicine} {past}.",
    "we are nearly out of {medicine}, so please order some before {day}.",
    "is there still some {medicine} on the shelf behind the counter?",
    "Dr {name} has prescribed {medicine} for {weeks}.",
    "the {medicine} came {past}, but the boxes were empty.",
    "the label on the {medicine} is too small to read.",
    "our pharmacy in {town} has sold no {medicine} for {weeks}.",
    "{past} somebody put the {medicine} into the wrong drawer.",
    "can I collect my {medicine} on {day}?",
)
_NOTE_CLOSINGS = (
    *_NOTHING,
    "Thank you.",
    "Please answer before {day}.",
    "{name} knows about it.",
    "There is no hurry.",
)
_NOTE_FILLERS: dict[str, Words] = {
    "name": ("Berg", "Stone", "Lopez", "Field", "Hill", "Marsh"),
    "past": ("yesterday", "on Monday", "last week", "two days ago", "this morning"),
    "day": ("Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"),
    "weeks": ("three weeks", "a month", "ten days"),
    "town": _TOWNS,
}


def draw_spelling(rng: Random) -> Pair:
    """A note about a medicine, and the same with another ending of its name. The name's stem is the key."""
    note = _scene(rng, _NOTE_OPENINGS, _NOTE_BODIES, _NOTE_CLOSINGS, _NOTE_FILLERS)
    stem = "".join(rng.choice(letters) for letters in (_ONSETS, _VOWELS, _ONSETS, _VOWELS, _LAST_CONSONANTS))
    names = stem + rng.choice(HEART_ENDINGS), stem + rng.choice(INFECTION_ENDINGS)
    return Pair(key=stem, texts=(note.replace("{medicine}", names[0]), note.replace("{medicine}", names[1])))


TASKS: dict[str, Task] = {
    "keywords": Task(labels=("BILLING", "DELIVERY"), draw_pair=draw_keywords),
    "word_order": Task(labels=("PRAISE", "COMPLAINT"), draw_pair=draw_word_order),
    "spelling": Task(labels=("HEART", "INFECTION"), draw_pair=draw_spelling),
}
