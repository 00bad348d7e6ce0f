"""Relation extraction: which entities of a document stand in which relation to each other.

The component that spaCy's guide begins, whole (https://spacy.io/usage/layers-architectures#component-rel):

    candidate generator    which pairs of entities are looked at: Doc -> pairs of spans
    instance tensor        tok2vec -> the tokens of both entities -> pooled -> one row per pair
    classification layer   one probability per pair and label
    relation_extractor     the pipe around that model: it learns, predicts, is scored, saved and loaded

Relations stand in `doc._.rel[(i, j)][label]`, a number from 0 to 1; i and j are the first tokens of two
entities. Gold ones are read from there, predicted ones are written there. Entities are given: by a component
before this one, or, while it learns and is scored, by the gold documents (`use_gold_ents`).
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from spacy.language import Language
from spacy.pipeline import TrainablePipe
from spacy.scorer import PRFScore
from spacy.tokens import Doc, Span
from spacy.training import Example
from spacy.util import registry
from thinc.api import Linear, Logistic, Model, chain
from thinc.types import Floats2d, Ragged

Pairs = list[tuple[Span, Span]]
Relations = dict[tuple[int, int], dict[str, float]]

if not Doc.has_extension("rel"):
    Doc.set_extension("rel", default={})


# Candidates.


def all_pairs(doc: Doc) -> Pairs:
    return [(one, other) for one in doc.ents for other in doc.ents]


@registry.misc("rel_cand_generator.v1")
def create_all_pairs() -> Callable[[Doc], list[tuple[Span, Span]]]:
    """Any two entities of a document, in both orders, and each with itself: n * n pairs of n entities."""
    return all_pairs


@registry.misc("rel_cand_generator.v2")
def create_near_pairs(max_length: int) -> Callable[[Doc], list[tuple[Span, Span]]]:
    """Any two different entities, in both orders, whose first tokens are at most max_length tokens apart.

    Raises ValueError for a max_length below 1, with which no pair would be left.
    """
    if max_length < 1:
        raise ValueError(f"max_length = {max_length} leaves no pair of entities: set it to 1 token or more")

    def near_pairs(doc: Doc) -> Pairs:
        return [(a, b) for a, b in all_pairs(doc) if 0 < abs(a.start - b.start) <= max_length]

    return near_pairs


# The model.


@registry.architectures("rel_model.v1")
def create_relation_model(
    create_instance_tensor: Model[list[Doc], Floats2d], classification_layer: Model[Floats2d, Floats2d]
) -> Model[list[Doc], Floats2d]:
    """Probabilities of relations, (pairs, labels): a row per candidate, those of the first document first.

    The pipe finds the generator of the candidates as `model.attrs["get_candidates"]`.
    Raises ValueError where create_instance_tensor has none.
    """
    if "get_candidates" not in create_instance_tensor.attrs:
        raise ValueError(
            f"create_instance_tensor ({create_instance_tensor.name}) has no candidate generator: use "
            'rel_instance_tensor.v1, or set attrs["get_candidates"] in a block of your own'
        )
    model = chain(create_instance_tensor, classification_layer)
    model.attrs["get_candidates"] = create_instance_tensor.attrs["get_candidates"]
    return model


@registry.architectures("rel_instance_tensor.v1")
def create_instance_tensor(
    tok2vec: Model[list[Doc], list[Floats2d]],
    pooling: Model[Ragged, Floats2d],
    get_candidates: Callable[[Doc], list[tuple[Span, Span]]],
) -> Model[list[Doc], Floats2d]:
    """Candidates as vectors, (pairs, 2 * width): the pooled tokens of one entity beside those of the other.

    tok2vec: gives (tokens, width) for each document. pooling: gives (spans, width) for the tokens of spans.
    """
    return Model(
        "instance_tensor",
        forward_instances,
        init=init_instances,
        layers=[tok2vec, pooling],
        refs={"tok2vec": tok2vec, "pooling": pooling},
        attrs={"get_candidates": get_candidates},
    )


def init_instances(
    model: Model[list[Doc], Floats2d], X: list[Doc] | None = None, Y: Floats2d | None = None
) -> None:
    model.get_ref("tok2vec").initialize(X)


def forward_instances(
    model: Model[list[Doc], Floats2d], docs: list[Doc], is_train: bool
) -> tuple[Floats2d, Callable[[Floats2d], Any]]:
    """docs -> (pairs, 2 * width). On the way back a token gets the sum over all pairs that it is part of."""
    ops = model.ops
    vectors, backprop_tok2vec = model.get_ref("tok2vec")(docs, is_train)
    tokens = ops.flatten(vectors)
    width = tokens.shape[1]
    rows, lengths = token_rows(docs, model.attrs["get_candidates"])
    indices = ops.asarray1i(rows)
    spans = Ragged(tokens[indices], ops.asarray1i(lengths))
    pooled, backprop_pooling = model.get_ref("pooling")(spans, is_train)

    def backprop(d_instances: Floats2d) -> Any:
        d_tokens = ops.alloc2f(*tokens.shape)
        if rows:
            d_spans = backprop_pooling(ops.reshape2f(d_instances, len(lengths), width))
            ops.scatter_add(d_tokens, indices, d_spans.data)
        return backprop_tok2vec(ops.unflatten(d_tokens, ops.asarray1i([len(doc) for doc in docs])))

    return ops.reshape2f(pooled, len(lengths) // 2, 2 * width), backprop


def token_rows(docs: Iterable[Doc], get_candidates: Callable[[Doc], Pairs]) -> tuple[list[int], list[int]]:
    """(the tokens of both spans of each pair in turn, counted over all documents; how many each span has)."""
    rows: list[int] = []
    lengths: list[int] = []
    offset = 0
    for doc in docs:
        for pair in get_candidates(doc):
            for span in pair:
                rows.extend(range(offset + span.start, offset + span.end))
                lengths.append(len(span))
        offset += len(doc)
    return rows, lengths


@registry.architectures("rel_classification_layer.v1")
def create_classification_layer(nO: int | None = None, nI: int | None = None) -> Model[Floats2d, Floats2d]:
    """(pairs, nI) -> (pairs, nO): a probability for each label, independent of the others."""
    return chain(Linear(nO=nO, nI=nI), Logistic())


# Gold and predicted, side by side, and what they score.


def entity_starts(example: Example) -> dict[int, int]:
    """The first token of each gold entity: in the predicted document -> in the gold one.

    An entity that the tokenizer has cut otherwise, so that its tokens do not align, is left out.
    """
    return {
        span.start: entity.start
        for entity in example.reference.ents
        for span in example.get_aligned_spans_y2x([entity])
    }


def predicted_relations(example: Example) -> Relations:
    """The candidates of the predicted document, by the gold document's tokens.

    What is no entity in the gold document gets a negative number, which no gold relation has.
    """
    starts = entity_starts(example)
    return {
        (starts.get(i, -1 - i), starts.get(j, -1 - j)): labels
        for (i, j), labels in example.predicted._.rel.items()
    }


@contextmanager
def gold_entities(examples: Iterable[Example]) -> Iterator[None]:
    """Within this, the predicted documents have the entities of the gold ones, as far as tokens align."""
    before = [(example.predicted, example.predicted.ents) for example in examples]
    for example in examples:
        example.predicted.ents = example.get_aligned_spans_y2x(example.reference.ents)
    try:
        yield
    finally:
        for doc, entities in before:
            doc.ents = entities


def require_entities(number: int, doc: Doc) -> None:
    """Raise ValueError for a gold document with a relation between tokens where no entity begins."""
    missing = {token for pair in doc._.rel for token in pair} - {entity.start for entity in doc.ents}
    if missing:
        raise ValueError(
            f"document {number} of the training corpus ({doc.text[:40]!r} ...) has relations of entities at "
            f"the tokens {sorted(missing)}, where none begins: set doc.ents before the corpus is saved"
        )


@registry.scorers("rel_scorer.v1")
def create_relation_scorer() -> Callable[..., dict[str, Any]]:
    """Micro-averaged precision, recall and F of relations, and what the candidates allow."""
    return score_relations


def score_relations(examples: Iterable[Example], *, threshold: float, **settings: Any) -> dict[str, Any]:
    """Precision, recall and F over all pairs and labels.

    threshold: the probability from which a relation counts as predicted. A gold relation between two entities
    that are no candidate counts as missed. rel_candidates: how many pairs were looked at. rel_candidates_r:
    the share of the gold relations that is among them: no model can have a higher recall.
    """
    relations, candidates, number = PRFScore(), PRFScore(), 0
    for example in examples:
        gold = positive(example.reference._.rel)
        relations.score_set(positive(predicted_relations(example), threshold), gold)
        candidates.score_set(positive(predicted_relations(example), 0.0), gold)
        number += len(example.predicted._.rel)
    return {
        "rel_micro_p": relations.precision,
        "rel_micro_r": relations.recall,
        "rel_micro_f": relations.fscore,
        "rel_candidates": number,
        "rel_candidates_r": candidates.recall,
    }


def count_relations(examples: Iterable[Example], *, threshold: float, **settings: Any) -> dict[str, Any]:
    """What archlab keeps of each document (per_doc.json), to compare variants document by document."""
    from archlab.results.recounting import prf_measure

    rows = []
    for number, example in enumerate(examples):
        found, gold = positive(predicted_relations(example), threshold), positive(example.reference._.rel)
        rows.append((number, None, len(found & gold), len(found - gold), len(gold - found)))
    scores = {f"rel_micro_{x}": f"micro_{x}" for x in "prf"}
    return {"rel": prf_measure(rows, scores, labelled=False, always=True)}


score_relations.archlab_measures = count_relations  # type: ignore[attr-defined]


def positive(relations: Relations, threshold: float = 0.5) -> set[tuple[int, int, str]]:
    """(first entity, second entity, label) of each relation that is at least as probable as the threshold."""
    return {
        (i, j, label)
        for (i, j), labels in relations.items()
        for label, probability in labels.items()
        if probability >= threshold
    }


# The pipe.


@Language.factory(
    "relation_extractor",
    requires=["doc.ents"],
    assigns=["doc._.rel"],
    default_config={"threshold": 0.5, "use_gold_ents": True, "scorer": {"@scorers": "rel_scorer.v1"}},
    default_score_weights={
        "rel_micro_p": 0.0,
        "rel_micro_r": 0.0,
        "rel_micro_f": 1.0,
        "rel_candidates": None,
        "rel_candidates_r": None,
    },
)
def create_relation_extractor(
    nlp: Language,
    name: str,
    model: Model[list[Doc], Floats2d],
    threshold: float,
    use_gold_ents: bool,
    scorer: Callable[..., dict[str, Any]] | None,
) -> "RelationExtractor":
    """Says how probable it is that two entities stand in a relation.

    model: gives a row per candidate and a column per label. threshold: the probability, 0 to 1, from which a
    relation is scored as predicted. use_gold_ents: learn and be scored between the gold entities, as spaCy's
    entity_linker does; false where a component before this one is to find them.
    Raises ValueError for a threshold outside 0 to 1.
    """
    if not 0 <= threshold <= 1:
        raise ValueError(f"threshold = {threshold} is no probability: set a number from 0 to 1")
    extractor = RelationExtractor(nlp.vocab, model, name, labels=[], threshold=threshold)
    extractor.use_gold_ents, extractor.scorer = use_gold_ents, scorer
    return extractor


class RelationExtractor(TrainablePipe):
    """Writes the probability of each label, for each candidate, to `doc._.rel`.

    TrainablePipe saves and loads its `cfg` (labels, threshold) beside the model.
    """

    use_gold_ents: bool
    scorer: Callable[..., dict[str, Any]] | None

    @property
    def labels(self) -> tuple[str, ...]:
        return tuple(self.cfg["labels"])

    @property
    def label_data(self) -> list[str]:
        """What `spacy init labels` writes, for [initialize.components.relation_extractor]."""
        return list(self.labels)

    def add_label(self, label: str) -> int:
        """1 if the label is new, else 0. Raises ValueError where the model has its outputs already."""
        if label in self.labels:
            return 0
        self._allow_extra_label()
        self.cfg["labels"].append(label)
        self.vocab.strings.add(label)
        return 1

    def initialize(
        self,
        get_examples: Callable[[], Iterable[Example]],
        *,
        nlp: Language | None = None,
        labels: Sequence[str] | None = None,
    ) -> None:
        """Find the labels, unless they are given, and the shapes.

        Raises ValueError for a document with relations and without their entities, and for a corpus without
        relations or candidates.
        """
        docs = [example.reference for example in get_examples()]
        for number, doc in enumerate(docs):
            require_entities(number, doc)
        found = (label for doc in docs for relation in doc._.rel.values() for label in relation)
        for label in found if labels is None else labels:
            self.add_label(label)
        if not self.labels:
            raise ValueError(
                "no document of the training corpus has relations: set doc._.rel, and save the corpus with "
                "DocBin(store_user_data=True)"
            )
        sample = [doc for doc in docs if self.candidates(doc)][:10]
        if not sample:
            raise ValueError("no document of the training corpus has a candidate: raise max_length")
        pairs = sum(len(self.candidates(doc)) for doc in sample)
        self.model.initialize(X=sample, Y=self.model.ops.alloc2f(pairs, len(self.labels)))

    def candidates(self, doc: Doc) -> Pairs:
        """The pairs of a document, in the order of the model's rows."""
        return list(self.model.attrs["get_candidates"](doc))

    def predict(self, docs: Iterable[Doc]) -> Floats2d:
        """Probabilities, (pairs, labels)."""
        self._require_labels()
        scores: Floats2d = self.model.predict(list(docs))
        return scores

    def set_annotations(self, docs: Iterable[Doc], scores: Floats2d) -> None:
        """Write the probabilities of all candidates; a document without candidates gets no relations."""
        rows = iter(scores.tolist())
        for doc in docs:
            doc._.rel = {
                (one.start, other.start): dict(zip(self.labels, next(rows), strict=True))
                for one, other in self.candidates(doc)
            }

    def update(self, examples: Iterable[Example], **settings: Any) -> dict[str, float]:
        """Learn from a batch, as TrainablePipe does it, with the candidates between gold entities."""
        examples = list(examples)
        with gold_entities(examples if self.use_gold_ents else []):
            losses: dict[str, float] = super().update(examples, **settings)
        return losses

    def get_loss(self, examples: Iterable[Example], scores: Floats2d) -> tuple[float, Floats2d]:
        """The cross entropy, summed over labels, mean over pairs; and its gradient, (pairs, labels).

        Two entities of which the gold document says nothing stand in no relation.
        """
        ops, rows = self.model.ops, []
        for example in examples:
            starts, gold = entity_starts(example), example.reference._.rel
            for one, other in self.candidates(example.predicted):
                labels = gold.get((starts.get(one.start), starts.get(other.start)), {})
                rows.append([labels.get(label, 0.0) for label in self.labels])
        truths = ops.asarray2f(rows).reshape(scores.shape)
        p = ops.xp.clip(scores, 1e-6, 1 - 1e-6)
        losses = -truths * ops.xp.log(p) - (1 - truths) * ops.xp.log(1 - p)
        pairs = max(1, len(rows))
        return float(losses.sum() / pairs), (p - truths) / (p * (1 - p)) / pairs

    def score(self, examples: Iterable[Example], **settings: Any) -> dict[str, Any]:
        """What the scorer gives; with use_gold_ents, of what is predicted between the gold entities."""
        examples = list(examples)
        with gold_entities(examples if self.use_gold_ents else []):
            if self.use_gold_ents:  # they came without entities, and so without candidates
                list(self.pipe([example.predicted for example in examples]))
            scores: dict[str, Any] = super().score(examples, **settings)
        return scores
