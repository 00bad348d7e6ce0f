"""Counters, one for each way spaCy scores: from scored examples to the measures of `per_doc.json`.

Each counter follows one function of `spacy.scorer`, whose name it gives; the rows of all documents together
give what that function gives, to 1e-9. `archlab.results.recounting` describes the form of a measure.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

from archlab.records import Json
from archlab.results.recounting import Row, prf_measure

if TYPE_CHECKING:
    from spacy.tokens import Doc, Span
    from spacy.training import Example

# Exclusive classes are scored by F, so their ranking is dropped when it would be the largest part of the
# file; multi-label ones are scored by the area under the curve, so theirs is kept up to about 5 MB.
RANKED_EXCLUSIVE_LABELS = 20
RANKED_CELLS = 1_000_000

Measures = dict[str, Json]

_IGNORED_DEPS = ("p", "punct")  # as spaCy's parser_score


class Pair:
    """One example: predicted and gold document, and how the predicted tokens align."""

    def __init__(self, example: "Example") -> None:
        self.example = example
        self.predicted: Doc = example.predicted
        self.gold: Doc = example.reference

    @cached_property
    def tokens(self) -> list[tuple[int, int | None]]:
        """The predicted tokens that are not spaces, each with the one gold token it aligns with, or None."""
        return [(i, self.aligned[i]) for i in _not_spaces(self.predicted)]

    @cached_property
    def aligned(self) -> list[int | None]:
        """For each predicted token the gold token, None where it aligns with none or several."""
        x2y = self.example.alignment.x2y
        spots = zip(x2y.starts.tolist(), x2y.lengths.tolist(), strict=True)
        gold = x2y.data.tolist()
        return [gold[start] if length == 1 else None for start, length in spots]


def _values(doc: "Doc", attribute: str) -> list[int]:
    """An attribute of all tokens, without making a Token of each, which would take most of the time."""
    return cast(list[int], doc.to_array(attribute).tolist())


def _not_spaces(doc: "Doc") -> list[int]:
    words = _values(doc, "ORTH")
    spaces = {word for word in set(words) if doc.vocab.strings[word].isspace()}
    return [i for i, word in enumerate(words) if word not in spaces]


def _characters(doc: "Doc", tokens: Iterable[int]) -> set[tuple[int, int]]:
    starts, lengths = _values(doc, "IDX"), _values(doc, "LENGTH")
    return {(starts[i], starts[i] + lengths[i]) for i in tokens}


@dataclass
class _Counts:
    tp: int = 0
    fp: int = 0
    fn: int = 0

    def add(self, predicted: set[Any], gold: set[Any]) -> None:
        self.tp += len(predicted & gold)
        self.fp += len(predicted - gold)
        self.fn += len(gold - predicted)

    def row(self, document: int, label: str | None = None) -> Row:
        return document, label, self.tp, self.fp, self.fn


def _of_sets(predicted: set[Any], gold: set[Any]) -> _Counts:
    counts = _Counts()
    counts.add(predicted, gold)
    return counts


def _unlabelled(rows: Iterable[Row], scores: Mapping[str, str]) -> Json:
    return prf_measure((row for row in rows if any(row[2:])), scores, labelled=False)


def _micro(prefix: str) -> dict[str, str]:
    return {f"{prefix}_{key}": f"micro_{key}" for key in "prf"}


def tokenization(pairs: Sequence[Pair]) -> Measures:
    """Scorer.score_tokenization."""
    accuracy, characters = [], []
    for document, pair in enumerate(pairs):
        if pair.gold.has_unknown_spaces:
            continue
        gold = _characters(pair.gold, _not_spaces(pair.gold))
        predicted = _characters(pair.predicted, (i for i, _ in pair.tokens))
        right = sum(aligned is not None for _, aligned in pair.tokens)
        accuracy.append(_Counts(tp=right, fp=len(pair.tokens) - right).row(document))
        characters.append(_of_sets(predicted, gold).row(document))
    return {
        "token_acc": _unlabelled(accuracy, {"token_acc": "micro_p"}),
        "token": _unlabelled(characters, _micro("token")),
    }


def _token_attribute(attribute: str) -> "Callable[[Sequence[Pair], Json], Measures]":
    """Scorer.score_token_attr: a counter for `tag`, `pos`, `lemma` or `morph`."""

    def count(pairs: Sequence[Pair], settings: Json) -> Measures:
        rows = []
        for document, pair in enumerate(pairs):
            right = _values(pair.gold, attribute.upper())
            guessed = _values(pair.predicted, attribute.upper())
            gold = {(i, value) for i, value in enumerate(right) if value}
            predicted = {(i, guessed[token]) for token, i in pair.tokens if i is not None and right[i]}
            rows.append(_of_sets(predicted, gold).row(document))
        name = f"{attribute}_acc"
        return {name: _unlabelled(rows, {name: "micro_f"})}

    return count


def _morph_per_feature(pairs: Sequence[Pair], settings: Json) -> Measures:
    """Scorer.score_token_attr_per_feat for `morph`."""
    features: dict[int, list[tuple[str, str]]] = {}

    def features_of(doc: "Doc") -> list[list[tuple[str, str]]]:
        keys = _values(doc, "MORPH")
        for key in set(keys) - features.keys():
            text = doc.vocab.strings[key] or "_"
            features[key] = [(part.split("=")[0], part) for part in text.split("|")] if text != "_" else []
        return [features[key] for key in keys]

    rows: list[Row] = []
    for document, pair in enumerate(pairs):
        gold: dict[str, set[Any]] = {}
        predicted: dict[str, set[Any]] = {}
        right, guessed = features_of(pair.gold), features_of(pair.predicted)
        for i, parts in enumerate(right):
            for field, part in parts:
                gold.setdefault(field, set()).add((i, part))
        for token, aligned in pair.tokens:
            if aligned is not None and right[aligned]:
                for field, part in guessed[token]:
                    predicted.setdefault(field, set()).add((aligned, part))
        rows.extend(_rows_by_label(document, predicted, gold))
    return {"morph_per_feat": prf_measure(rows, _micro("morph_micro"))}


def _rows_by_label(document: int, predicted: dict[str, set[Any]], gold: dict[str, set[Any]]) -> Iterator[Row]:
    for label in sorted(predicted.keys() | gold.keys()):
        yield _of_sets(predicted.get(label, set()), gold.get(label, set())).row(document, label)


def _entities(pairs: Sequence[Pair], settings: Json) -> Measures:
    """get_ner_prf."""
    rows: list[Row] = []
    for document, pair in enumerate(pairs):
        if not pair.gold.has_annotation("ENT_IOB"):
            continue
        x2y = pair.example.alignment.x2y
        gold = {(ent.label_, ent.start, ent.end) for ent in pair.gold.ents}
        counts: dict[str, _Counts] = {}
        for ent in pair.predicted.ents:
            label_counts = counts.setdefault(ent.label_, _Counts())
            indices = x2y[ent.start : ent.end].tolist()
            if not indices:
                continue
            start, end = indices[0], indices[-1] + 1
            if any(token.ent_iob == 0 for token in pair.gold[start:end]):
                continue  # not annotated there: neither right nor wrong
            if (ent.label_, start, end) in gold:
                label_counts.tp += 1
                gold.remove((ent.label_, start, end))
            else:
                label_counts.fp += 1
        for label, _, _ in gold:
            counts.setdefault(label, _Counts()).fn += 1
        rows.extend(counts[label].row(document, label) for label in sorted(counts))
    return {"ents": prf_measure(rows, _micro("ents"))}


def _span_rows(
    pairs: Sequence[Pair],
    spans_of: "Callable[[Doc], Iterable[Span]]",
    has_annotation: "Callable[[Doc], bool]",
    *,
    labelled: bool,
    allow_overlap: bool,
) -> Iterator[Row]:
    """Scorer.score_spans: rows by label, or one for each document where `labelled` is False."""
    for document, pair in enumerate(pairs):
        if not has_annotation(pair.gold):
            continue
        gold: dict[str, set[Any]] = {}
        predicted: dict[str, set[Any]] = {}
        for span in spans_of(pair.gold):
            gold.setdefault(span.label_ if labelled else "", set()).add((span.start, span.end))
        if has_annotation(pair.predicted):
            found = list(spans_of(pair.predicted))
            for span in found:
                predicted.setdefault(span.label_ if labelled else "", set())
            for span in pair.example.get_aligned_spans_x2y(found, allow_overlap):
                predicted[span.label_ if labelled else ""].add((span.start, span.end))
        if labelled:
            yield from _rows_by_label(document, predicted, gold)
        else:
            yield _of_sets(predicted.get("", set()), gold.get("", set())).row(document)


def _sentences(pairs: Sequence[Pair], settings: Json) -> Measures:
    """senter_score."""
    rows = _span_rows(
        pairs,
        lambda doc: doc.sents,
        lambda doc: doc.has_annotation("SENT_START"),
        labelled=False,
        allow_overlap=False,
    )
    return {"sents": _unlabelled(rows, _micro("sents"))}


def _span_group(pairs: Sequence[Pair], settings: Json, labelled: bool = True) -> Measures:
    """spancat_score and overlapping_labeled_spans_score; span_finder_score where `labelled` is False."""
    key = settings["spans_key"]
    rows = _span_rows(
        pairs,
        lambda doc: doc.spans.get(key, []),
        lambda doc: key in doc.spans,
        labelled=labelled,
        allow_overlap=settings.get("allow_overlap", True),
    )
    name = f"spans_{key}"
    return {name: prf_measure(rows, _micro(name)) if labelled else _unlabelled(rows, _micro(name))}


def _found_spans(pairs: Sequence[Pair], settings: Json) -> Measures:
    return _span_group(pairs, settings, labelled=False)


def _dependencies(pairs: Sequence[Pair], settings: Json) -> Measures:
    """Scorer.score_deps as parser_score calls it.

    As there, a gold token without annotation hides the tokens at the same place in all later documents.
    """
    attached: list[Row] = []
    labelled: list[Row] = []
    by_label: list[Row] = []
    missing: set[int] = set()
    for document, pair in enumerate(pairs):
        gold: dict[str, set[Any]] = {}
        for i, (dep, right) in enumerate(_arcs(pair.gold)):
            if not dep:
                missing.add(i)
            elif dep not in _IGNORED_DEPS:
                gold.setdefault(dep, set()).add((i, right, dep))
        predicted: dict[str, set[Any]] = {}
        astray = 0
        arcs = _arcs(pair.predicted)
        for token, aligned in pair.tokens:
            dep, guess = arcs[token]
            if aligned in missing or dep in _IGNORED_DEPS:
                continue
            head = pair.aligned[guess]
            if aligned is None or head is None:
                astray += 1
            else:
                predicted.setdefault(dep, set()).add((aligned, head, dep))
        by_label.extend(_rows_by_label(document, predicted, gold))
        for rows, width in ((attached, 2), (labelled, 3)):
            counts = _Counts(fp=astray)
            counts.add(_cut(predicted, width), _cut(gold, width))
            rows.append(counts.row(document))
    return {
        "dep_uas": _unlabelled(attached, {"dep_uas": "micro_f"}),
        "dep_las": _unlabelled(labelled, {"dep_las": "micro_f"}),
        "dep_las_per_type": prf_measure(by_label, {}),
    }


def _arcs(doc: "Doc") -> list[tuple[str, int]]:
    """The lower-cased label of each token and the token it hangs on."""
    deps = _values(doc, "DEP")
    names = {dep: doc.vocab.strings[dep].lower() for dep in set(deps)}
    offsets = doc.to_array("HEAD").astype("int64").tolist()
    return [(names[dep], i + offset) for i, (dep, offset) in enumerate(zip(deps, offsets, strict=True))]


def _cut(by_label: dict[str, set[Any]], width: int) -> set[Any]:
    """All arcs, cut to the token and its head (width 2) or with the label too (width 3)."""
    return {arc[:width] for arcs in by_label.values() for arc in arcs}


def _exclusive_cats(pairs: Sequence[Pair], settings: Json) -> Measures:
    """Scorer.score_cats with multi_label=False."""
    labels = list(dict.fromkeys(settings["labels"]))
    known = frozenset(labels)
    rows: list[Row] = []
    for document, pair in enumerate(pairs):
        counts: dict[str, _Counts] = {}
        guessed, right = _highest(pair.predicted, known), _highest(pair.gold, known)
        if guessed is not None and guessed == right:
            counts[guessed] = _Counts(tp=1)
        elif guessed is not None:
            counts[guessed] = _Counts(fp=1)
            if right is not None:
                counts[right] = _Counts(fn=1)
        # A gold label without any prediction makes spaCy's scorer raise, so it is not met here.
        rows.extend(counts[label].row(document, label) for label in counts)
    positive = settings.get("positive_label") if len(labels) == 2 else None
    ranking = _ranking(pairs, labels, exclusive=True) if len(labels) <= RANKED_EXCLUSIVE_LABELS else None
    return _cats(rows, labels, "positive_f" if positive else "macro_f", ranking, positive)


def _highest(doc: "Doc", labels: Collection[str]) -> str | None:
    """The label that spaCy takes as the document's class: the first of the highest."""
    cats = {label: value for label, value in doc.cats.items() if label in labels}
    return max(cats, key=cats.__getitem__) if cats else None


def _independent_cats(pairs: Sequence[Pair], settings: Json) -> Measures:
    """Scorer.score_cats with multi_label=True."""
    labels = list(dict.fromkeys(settings["labels"]))
    threshold = settings.get("threshold")
    threshold = 0.5 if threshold is None else threshold
    rows: list[Row] = []
    for document, pair in enumerate(pairs):
        for label in labels:
            gold = pair.gold.cats.get(label)
            positive = pair.predicted.cats.get(label, 0.0) >= threshold
            if gold is not None and (positive or gold > 0):
                tp, fp, fn = positive and gold > 0, positive and gold == 0, not positive and gold > 0
                rows.append((document, label, int(tp), int(fp), int(fn)))
    ranking = _ranking(pairs, labels, exclusive=False) if len(labels) * len(pairs) <= RANKED_CELLS else None
    return _cats(rows, labels, "macro_auc", ranking, None)


def _cats(
    rows: list[Row], labels: Sequence[str], main: str, ranking: Json | None, positive_label: str | None
) -> Measures:
    scores = {f"cats_{over}_{key}": f"{over}_{key}" for over in ("micro", "macro") for key in "prf"}
    scores |= {"cats_macro_auc": "macro_auc", "cats_score": main}
    measure = prf_measure(rows, scores, labels=labels, always=True)
    return {"cats": {**measure, "ranking": ranking, "positive_label": positive_label}}


def _ranking(pairs: Sequence[Pair], labels: Sequence[str], *, exclusive: bool) -> Json:
    """What the areas under the curves depend on. Of exclusive labels, those not given count as 0."""
    import numpy as np

    ranks: list[list[int]] = []
    gold: Json = {"label": [], "document": [], "gold": []}
    for place, label in enumerate(labels):
        predicted = [pair.predicted.cats.get(label, 0.0) for pair in pairs]
        places = np.unique(np.asarray(predicted), return_inverse=True)[1].tolist()
        for document, pair in enumerate(pairs):
            value = pair.gold.cats.get(label)
            if value is None and not exclusive:
                places[document] = -1
            elif value:
                gold["label"].append(place)
                gold["document"].append(document)
                gold["gold"].append(int(value) if value == int(value) else value)
        ranks.append(places)
    return {"ranks": ranks, **gold}


Counter = Callable[[Sequence[Pair], Json], Measures]
_TAG, _POS, _MORPH, _LEMMA = (_token_attribute(name) for name in ("tag", "pos", "morph", "lemma"))

# Scorer functions of spacy.pipeline, by their names.
COUNTERS: dict[str, tuple[Counter, ...]] = {
    "tagger_score": (_TAG,),
    "morphologizer_score": (_POS, _MORPH, _morph_per_feature),
    "lemmatizer_score": (_LEMMA,),
    "attribute_ruler_score": (_TAG, _POS, _MORPH, _morph_per_feature, _LEMMA),
    "senter_score": (_sentences,),
    "parser_score": (_sentences, _dependencies),
    "ner_score": (_entities,),
    "entity_ruler_score": (_entities,),
    "spancat_score": (_span_group,),
    "overlapping_labeled_spans_score": (_span_group,),
    "span_finder_score": (_found_spans,),
    "textcat_score": (_exclusive_cats,),
    "textcat_multilabel_score": (_independent_cats,),
}
