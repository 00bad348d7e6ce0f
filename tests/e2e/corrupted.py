"""Predictions that are mostly right: gold documents, tokenised and annotated otherwise here and there."""

from collections.abc import Iterable, Sequence
from random import Random

from spacy.tokens import Doc, Span
from spacy.training import Example
from spacy.util import filter_spans


def one_of(random: Random, value: str, others: Sequence[str]) -> str:
    return random.choice(others) if random.random() < 0.2 else value


def retokenized(gold: Doc, random: Random) -> tuple[list[str], list[bool], list[int]]:
    """Words and spaces of the same text, cut otherwise here and there, and the gold token of each word."""
    words: list[str] = []
    spaces: list[bool] = []
    origin: list[int] = []
    for token in gold:
        space = bool(token.whitespace_)
        if len(token) > 3 and random.random() < 0.1:
            words += [token.text[:2], token.text[2:]]
            spaces += [False, space]
            origin += [token.i, token.i]
        elif words and not words[-1].isspace() and random.random() < 0.05:
            words[-1] += (" " if spaces[-1] else "") + token.text
            spaces[-1] = space
        else:
            words.append(token.text)
            spaces.append(space)
            origin.append(token.i)
        if space and random.random() < 0.02:
            words.append("  ")
            spaces.append(False)
            origin.append(token.i)
    return words, spaces, origin


def heads_of(gold: Doc, origin: Sequence[int], random: Random) -> list[int]:
    """The gold heads, some moved to the head's own head or to the token itself, without cycles."""
    place = {gold_i: i for i, gold_i in reversed(list(enumerate(origin)))}
    heads = []
    for i, gold_i in enumerate(origin):
        head = gold[gold_i].head
        head = head.head if random.random() < 0.15 else head
        heads.append(i if random.random() < 0.05 else place.get(head.i, i))
    for i in range(len(heads)):
        seen, at = {i}, heads[i]
        while heads[at] != at and at not in seen:
            seen.add(at)
            at = heads[at]
        if at == i and heads[i] != i:
            heads[i] = i
    return heads


def predicted(gold: Doc, random: Random) -> Doc:
    """A prediction that is right in most places: what the gold document is annotated with, corrupted."""
    words, spaces, origin = retokenized(gold, random)
    tokens = [gold[i] for i in origin]
    parsed = gold.has_annotation("DEP")
    doc = Doc(
        gold.vocab,
        words=words,
        spaces=spaces,
        tags=[one_of(random, t.tag_, ["NOUN", "VERB", ""]) for t in tokens],
        pos=[one_of(random, t.pos_, ["NOUN", "VERB", ""]) for t in tokens],
        morphs=[one_of(random, str(t.morph), ["Case=Nom|Number=Sing", "Odd=Yes", ""]) for t in tokens],
        lemmas=[one_of(random, t.lemma_, ["x", ""]) for t in tokens],
        deps=[one_of(random, t.dep_, ["nsubj", "odd", "punct"]) for t in tokens] if parsed else None,
        heads=heads_of(gold, origin, random) if parsed else None,
    )
    labels = [*sorted({ent.label_ for ent in gold.ents}), "odd"]
    ents = [
        char_span(doc, ent, one_of(random, ent.label_, labels)) for ent in gold.ents if random.random() < 0.8
    ]
    ents += [
        Span(doc, i, i + 1, label=random.choice(labels)) for i in range(len(doc)) if random.random() < 0.02
    ]
    doc.ents = filter_spans(ents)
    doc.cats = {label: round(random.random() * 0.8 + value * 0.3, 1) for label, value in gold.cats.items()}
    return doc


def char_span(doc: Doc, span: Span, label: str) -> Span:
    found = doc.char_span(span.start_char, span.end_char, label=label, alignment_mode="expand")
    return found or Span(doc, 0, 1, label=label)


def examples_of(golds: Iterable[Doc], seed: int = 0) -> list[Example]:
    random = Random(seed)
    return [Example(predicted(gold, random), gold) for gold in golds]
