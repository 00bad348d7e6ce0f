import re
from collections import Counter

import pytest

from archlab.blocks import diagnostic_texts
from archlab.blocks.diagnostic_texts import (
    BILLING_WORDS,
    DELIVERY_WORDS,
    HEART_ENDINGS,
    INFECTION_ENDINGS,
    OPPOSITES,
    TASKS,
    Pair,
    Task,
)
from archlab.blocks.diagnostics import _split_of, create_diagnostic_reader, draw_texts

ALL_TASKS = pytest.mark.parametrize("task", list(TASKS))
FIRST_TEXTS = {
    "keywords": (
        "When my husband called last week, the package was still missing. I look forward to your answer.",
        "DELIVERY",
    ),
    "word_order": (
        "We came in April with the children. The waiter seemed cheerful instead of sullen this time.",
        "PRAISE",
    ),
    "spelling": (
        "Hello from Brighton. Is there still some breplavoxacin on the shelf behind the counter?",
        "INFECTION",
    ),
}
BOTH_SPLITS = pytest.mark.parametrize("split", ["train", "dev"])


def words(text: str) -> list[str]:
    return re.findall(r"\w+|[^\w\s]", text)


def texts_of(task: str, split: str, size: int, seed: int = 0) -> set[str]:
    return {text for text, _ in draw_texts(task, split, size, seed=seed)}


def pairs_of(task: str, split: str, size: int = 200) -> list[tuple[str, str]]:
    """The two texts of each pair, in the order of the task's labels."""
    drawn = draw_texts(task, split, size)
    first = TASKS[task].labels[0]
    pairs = []
    for one, other in zip(drawn[::2], drawn[1::2], strict=True):
        assert {one[1], other[1]} == set(TASKS[task].labels)
        pairs.append((one[0], other[0]) if one[1] == first else (other[0], one[0]))
    return pairs


def difference(pair: tuple[str, str]) -> tuple[str, str]:
    """The one word in which the texts of a pair differ."""
    one, other = (words(text) for text in pair)
    unlike = [(left, right) for left, right in zip(one, other, strict=True) if left != right]
    assert len(unlike) == 1, pair
    return unlike[0]


@ALL_TASKS
@BOTH_SPLITS
def test_the_same_arguments_draw_the_same_texts(task: str, split: str) -> None:
    assert draw_texts(task, split, 100, 0.2, 3) == draw_texts(task, split, 100, 0.2, 3)
    assert draw_texts(task, split, 100, 0.2, 3) != draw_texts(task, split, 100, 0.2, 4)


def test_the_first_texts_are_these_in_every_process_and_version() -> None:
    # If this fails on purpose, the reader needs a new version: results of v1 are in people's stores.
    assert {task: draw_texts(task, "train", 1)[0] for task in TASKS} == FIRST_TEXTS


@ALL_TASKS
@BOTH_SPLITS
def test_a_smaller_corpus_is_the_beginning_of_a_larger_one(task: str, split: str) -> None:
    assert draw_texts(task, split, 200)[:31] == draw_texts(task, split, 31)


@ALL_TASKS
@BOTH_SPLITS
def test_the_labels_are_balanced_and_no_text_comes_twice(task: str, split: str) -> None:
    drawn = draw_texts(task, split, 300)
    assert Counter(label for _, label in drawn) == dict.fromkeys(TASKS[task].labels, 150)
    assert len({text for text, _ in drawn}) == 300


@ALL_TASKS
def test_the_place_in_the_corpus_does_not_tell_the_label(task: str) -> None:
    evens = Counter(label for _, label in draw_texts(task, "train", 400)[::2])
    assert min(evens.values()) > 70


@ALL_TASKS
def test_train_and_dev_share_no_text_whatever_their_sizes_and_seeds(task: str) -> None:
    dev = texts_of(task, "dev", 600) | texts_of(task, "dev", 300, seed=1)
    train = texts_of(task, "train", 900) | texts_of(task, "train", 600, seed=1)
    assert not dev & train


@ALL_TASKS
@BOTH_SPLITS
def test_texts_are_sentences_with_no_slot_left_open(task: str, split: str) -> None:
    for text, _ in draw_texts(task, split, 300):
        assert re.fullmatch(r"[A-Z][A-Za-z ,.?]*[.?]", text), text
        assert all(sentence[0].isupper() for sentence in re.split(r"(?<=[.?]) ", text)), text
        assert "  " not in text


@BOTH_SPLITS
def test_keywords_pairs_differ_in_one_noun_alone(split: str) -> None:
    differences = {difference(pair) for pair in pairs_of("keywords", split)}
    assert {billing for billing, _ in differences} == set(BILLING_WORDS)
    assert {delivery for _, delivery in differences} == set(DELIVERY_WORDS)


def test_keywords_dev_letters_are_not_in_train_with_another_noun() -> None:
    nouns = re.compile(r"\b(" + "|".join(BILLING_WORDS + DELIVERY_WORDS) + r")\b")
    assert all(len(nouns.findall(text)) == 1 for text in texts_of("keywords", "train", 600))
    train = {nouns.sub("_", text) for text in texts_of("keywords", "train", 600)}
    assert not train & {nouns.sub("_", text) for text in texts_of("keywords", "dev", 600)}


@BOTH_SPLITS
def test_word_order_pairs_have_the_same_words_and_opposite_labels(split: str) -> None:
    for praise, complaint in pairs_of("word_order", split):
        assert praise != complaint
        assert Counter(words(praise)) == Counter(words(complaint))


@BOTH_SPLITS
def test_word_order_praise_denies_the_bad_word_and_complaint_the_good_one(split: str) -> None:
    denied = re.compile(r"(?:\bnot|rather than|instead of|anything but|far from being) (\w+)", re.IGNORECASE)
    good_words, bad_words = ({opposites[side] for opposites in OPPOSITES} for side in (1, 2))
    assert not good_words & bad_words
    for praise, complaint in pairs_of("word_order", split):
        assert set(denied.findall(praise)) <= bad_words
        assert set(denied.findall(complaint)) <= good_words
        assert len(denied.findall(praise)) == len(denied.findall(complaint)) == 1


def test_word_order_dev_knows_the_adjectives_of_train() -> None:
    adjectives = {word for _, *pair in OPPOSITES for word in pair}
    for split in ("train", "dev"):
        seen = {word for text in texts_of("word_order", split, 400) for word in words(text)}
        assert adjectives <= seen


@BOTH_SPLITS
def test_spelling_pairs_differ_in_the_ending_of_one_name_alone(split: str) -> None:
    for heart, infection in map(difference, pairs_of("spelling", split)):
        (heart_ending,) = (ending for ending in HEART_ENDINGS if heart.endswith(ending))
        (infection_ending,) = (ending for ending in INFECTION_ENDINGS if infection.endswith(ending))
        assert heart.removesuffix(heart_ending) == infection.removesuffix(infection_ending)


def test_spelling_endings_are_told_by_the_last_three_letters() -> None:
    suffixes = [ending[-3:] for ending in HEART_ENDINGS + INFECTION_ENDINGS]
    assert len(suffixes) == len(set(suffixes))


def test_spelling_has_no_made_up_name_of_dev_in_train() -> None:
    names = {
        split: {name for pair in pairs_of("spelling", split, 1000) for name in difference(pair)}
        for split in ("train", "dev")
    }
    assert not names["train"] & names["dev"]
    assert len(names["train"]) == 1000  # a name is used once, so it cannot be learned by heart


@ALL_TASKS
@pytest.mark.parametrize(
    ("size", "label_noise", "flips"),
    [(300, 0.0, 0), (300, 0.1, 30), (301, 0.15, 45), (7, 0.5, 4), (300, 1.0, 300), (1, 0.1, 0)],
)
def test_noise_flips_exactly_the_share_of_train_labels(
    task: str, size: int, label_noise: float, flips: int
) -> None:
    clean, noisy = draw_texts(task, "train", size), draw_texts(task, "train", size, label_noise)
    assert [text for text, _ in clean] == [text for text, _ in noisy]
    assert sum(right != given for (_, right), (_, given) in zip(clean, noisy, strict=True)) == flips
    assert {label for _, label in noisy} <= set(TASKS[task].labels)


@ALL_TASKS
def test_dev_is_never_noisy(task: str) -> None:
    assert draw_texts(task, "dev", 100, 1.0) == draw_texts(task, "dev", 100, 0.0)


def test_noise_flips_single_texts_not_pairs() -> None:
    noisy = draw_texts("word_order", "train", 300, 0.2)
    agreeing = sum(one[1] == other[1] for one, other in zip(noisy[::2], noisy[1::2], strict=True))
    assert agreeing > 30  # of 60 flips, most are alone in their pair, which then has one label twice


def test_an_odd_size_leaves_out_the_last_mirror() -> None:
    assert draw_texts("word_order", "train", 11) == draw_texts("word_order", "train", 12)[:11]


def test_the_reader_holds_the_texts_and_both_labels() -> None:
    reader = create_diagnostic_reader("keywords", "train", 10, 0.1, 2)
    assert reader.labels == ("BILLING", "DELIVERY")
    assert list(reader.texts) == draw_texts("keywords", "train", 10, 0.1, 2)


@pytest.mark.parametrize(
    ("task", "split", "size", "label_noise", "message"),
    [
        (
            "word-order",
            "train",
            10,
            0.0,
            r"task 'word-order' is unknown\. Did you mean word_order\? "
            r"There are: keywords, word_order, spelling\.",
        ),
        ("sentiment", "train", 10, 0.0, r"task 'sentiment' is unknown\. There are: keywords, "),
        (
            "keywords",
            "deev",
            10,
            0.0,
            r"split 'deev' is unknown\. Did you mean dev\? There are: train, dev\.",
        ),
        ("keywords", "test", 10, 0.0, r"split 'test' is unknown"),
        ("keywords", "train", 0, 0.0, "size is 0"),
        ("keywords", "dev", -3, 0.0, "size is -3"),
        ("keywords", "train", 10, 1.01, r"label_noise is 1\.01, .* between 0 and 1"),
        ("keywords", "dev", 10, -0.1, r"label_noise is -0\.1"),
        ("keywords", "train", 10, float("nan"), "label_noise is nan"),
    ],
)
def test_what_cannot_be_drawn_is_refused(
    task: str, split: str, size: int, label_noise: float, message: str
) -> None:
    with pytest.raises(ValueError, match=r"^archlab\.Diagnostic\.v1: " + message):
        create_diagnostic_reader(task, split, size, label_noise)


def test_a_size_that_the_task_cannot_make_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    only_pair = Task(labels=("A", "B"), draw_pair=lambda rng: Pair(key="1", texts=("One.", "Two.")))
    monkeypatch.setitem(diagnostic_texts.TASKS, "tiny", only_pair)
    home = _split_of("1")
    assert {text for text, _ in draw_texts("tiny", home, 2)} == {"One.", "Two."}
    with pytest.raises(ValueError, match=rf"size is more than the {home} texts .* tiny .* at most 2\."):
        draw_texts("tiny", home, 3)
