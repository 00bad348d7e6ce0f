"""Counts per document give what spaCy's scorer gives, on all documents and on any choice of them."""

import json
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from random import Random
from typing import Any

import pytest
import spacy
from corrupted import examples_of
from spacy.language import Language
from spacy.scorer import Scorer
from spacy.tokens import Doc, DocBin, Span
from spacy.training import Example
from spacy.util import registry

from archlab.records import Json
from archlab.results.pseudo_values import pseudo_values
from archlab.results.recounting import Recounter, prf_measure, recount, recount_per_label
from archlab.training.per_document import collect, counting_scorer
from archlab.training.scorer_counts import RANKED_EXCLUSIVE_LABELS

DATA = Path(__file__).resolve().parents[2].parent / "shared" / "data"
PER_LABEL = {
    "ents": "ents_per_type",
    "morph_per_feat": "morph_per_feat",
    "dep_las_per_type": "dep_las_per_type",
}
TOKEN_SCORES = {"token_acc", "token_p", "token_r", "token_f"}
CATS_SCORES = {f"cats_{over}_{key}" for over in ("micro", "macro") for key in "prf"}
CATS_SCORES |= {"cats_score", "cats_macro_auc"}


def pipeline(*factories: str, lang: str = "en") -> Language:
    nlp = spacy.blank(lang)
    for factory in factories:
        nlp.add_pipe(factory)
    return nlp


def gold_docs(nlp: Language, corpus: str, limit: int | None = None) -> list[Doc]:
    path = DATA / corpus / "corpus" / "dev.spacy"
    if not path.exists():
        pytest.skip(f"no corpus at {path}")
    return list(DocBin().from_disk(path).get_docs(nlp.vocab))[:limit]


def assert_like_scorer(
    nlp: Language, examples: Sequence[Example], per_doc: Json, documents: Sequence[int] | None = None
) -> dict[str, Any]:
    """Every number that the scorer gives, under the same name, to 1e-9; and the tables by label."""
    chosen = examples if documents is None else [examples[i] for i in documents]
    scores = Scorer(nlp).score(chosen)
    ours = recount(per_doc, documents)
    plain = {name: v for name, v in scores.items() if not isinstance(v, dict | str) and "per_" not in name}
    plain.pop("cats_score_desc", None)
    assert ours.keys() == plain.keys()
    assert ours == pytest.approx(plain, abs=1e-9)
    for measure in per_doc["measures"]:
        table = PER_LABEL.get(measure, f"{measure}_per_type" if measure.startswith("spans_") else "")
        if table in scores:
            theirs = scores[table] or {}
            assert_same_table(recount_per_label(per_doc, measure, documents) if theirs else {}, theirs)
    if "cats_f_per_type" in scores:
        theirs = {
            label: {**prf, "auc": scores["cats_auc_per_type"][label]}
            for label, prf in scores["cats_f_per_type"].items()
        }
        assert_same_table(recount_per_label(per_doc, "cats", documents), theirs)
    return scores


def assert_same_table(ours: dict[str, Any], theirs: dict[str, Any]) -> None:
    assert ours.keys() == theirs.keys()
    for label, scores in theirs.items():
        assert ours[label] == pytest.approx(scores, abs=1e-9), label


def check(nlp: Language, examples: Sequence[Example], expected: set[str]) -> Json:
    """All documents, a resample, a few, one and none; after a round trip through JSON."""
    per_doc = collect(nlp, examples)
    assert json.loads(json.dumps(per_doc)) == per_doc
    assert per_doc["documents"] == len(examples)
    assert per_doc["words"] == [len(example.reference) for example in examples]
    scores = assert_like_scorer(nlp, examples, per_doc)
    assert recount(per_doc).keys() == expected | TOKEN_SCORES
    assert all(scores[name] and scores[name] > 0.05 for name in expected), scores
    assert collect(nlp, examples, scores) == per_doc
    for name in expected:
        values = pseudo_values(per_doc, name)
        assert values is not None, name
        assert values.mean() == pytest.approx(scores[name], abs=1e-9), name
    random = Random(1)
    n = len(examples)
    for documents in (random.choices(range(n), k=n), random.choices(range(n), k=3), [n - 1], []):
        assert_like_scorer(nlp, examples, per_doc, documents)
    return per_doc


def test_parsed_and_tagged_english() -> None:
    nlp = pipeline("tagger", "morphologizer", "parser", "trainable_lemmatizer")
    examples = examples_of(gold_docs(nlp, "ud_en_atis"))
    expected = {"tag_acc", "pos_acc", "morph_acc", "morph_micro_p", "morph_micro_r", "morph_micro_f"}
    expected |= {"dep_uas", "dep_las", "sents_p", "sents_r", "sents_f", "lemma_acc"}
    check(nlp, examples, expected)


def test_parsed_and_tagged_turkish() -> None:
    nlp = pipeline("senter", "attribute_ruler", "parser", "lemmatizer", lang="tr")
    examples = examples_of(gold_docs(nlp, "ud_tr_framenet"))
    expected = {"tag_acc", "pos_acc", "morph_acc", "morph_micro_p", "morph_micro_r", "morph_micro_f"}
    expected |= {"dep_uas", "dep_las", "sents_p", "sents_r", "sents_f", "lemma_acc"}
    check(nlp, examples, expected)


@pytest.mark.parametrize("component", ["senter", "sentencizer"])
def test_sentences_alone(component: str) -> None:
    nlp = pipeline(component)
    examples = examples_of(gold_docs(nlp, "ud_en_atis"))
    check(nlp, examples, {"sents_p", "sents_r", "sents_f"})


@pytest.mark.parametrize("component", ["ner", "beam_ner", "entity_ruler"])
def test_entities(component: str) -> None:
    nlp = pipeline(component)
    examples = examples_of(gold_docs(nlp, "wnut17"))
    check(nlp, examples, {"ents_p", "ents_r", "ents_f"})


def test_entities_where_some_tokens_are_not_annotated() -> None:
    nlp = pipeline("ner")
    golds = gold_docs(nlp, "wnut17", 300)
    for gold in golds:
        entities = list(gold.ents)
        free = [i for i in range(len(gold)) if gold[i].ent_iob_ == "O" and i % 3]
        gold.set_ents(entities[1:], missing=entities[:1] + [gold[i : i + 1] for i in free])
    for gold in golds[:30]:
        gold.set_ents([], default="missing")
    examples = examples_of(golds)
    for example in examples[:30]:  # a label that no annotated document meets is not met at all
        example.predicted.ents = [Span(example.predicted, 0, 1, label="unseen")]
    per_doc = check(nlp, examples, {"ents_p", "ents_r", "ents_f"})
    assert "unseen" not in recount_per_label(per_doc, "ents")


def with_span_groups(examples: Iterable[Example], keys: Sequence[str]) -> list[Example]:
    """The entities as overlapping span groups; every seventh gold document has none."""
    random = Random(2)
    kept = list(examples)
    for i, example in enumerate(kept):
        for doc in (example.predicted, example.reference):
            longer = [Span(doc, 0, ent.end, label=ent.label) for ent in doc.ents if random.random() < 0.5]
            for key in keys if i % 7 or doc is example.predicted else ():
                doc.spans[key] = [*doc.ents, *longer]
    return kept


@pytest.mark.parametrize("component", ["spancat", "spancat_singlelabel", "span_ruler"])
@pytest.mark.parametrize("allow_overlap", [True, False])
def test_spans(component: str, allow_overlap: bool) -> None:
    nlp = spacy.blank("en")
    overlap = {"allow_overlap": allow_overlap} if component == "spancat_singlelabel" else {}
    spancat = nlp.add_pipe(component, config={"spans_key": "own", **overlap})
    if component == "spancat":
        spancat.cfg["allow_overlap"] = allow_overlap  # type: ignore[attr-defined]
    if component == "span_ruler":
        scorer = registry.scorers.get("spacy.overlapping_labeled_spans_scorer.v1")
        spancat.scorer = scorer("own")  # type: ignore[attr-defined]
    examples = with_span_groups(examples_of(gold_docs(nlp, "wnut17", 500)), ["own"])
    check(nlp, examples, {"spans_own_p", "spans_own_r", "spans_own_f"})


def test_found_spans_have_no_labels() -> None:
    nlp = pipeline("span_finder")
    examples = with_span_groups(examples_of(gold_docs(nlp, "wnut17", 500)), ["sc"])
    check(nlp, examples, {"spans_sc_p", "spans_sc_r", "spans_sc_f"})


def with_labels(nlp: Language, factory: str, labels: Iterable[str], **config: Any) -> Any:
    component: Any = nlp.add_pipe(factory, config=config)
    for label in labels:
        component.add_label(label)
    return component


@pytest.mark.parametrize("threshold", [0.5, 0.7])
def test_multi_label_categories(threshold: float) -> None:
    nlp = spacy.blank("en")
    golds = gold_docs(nlp, "cooking_multilabel")
    with_labels(nlp, "textcat_multilabel", [*golds[0].cats, "never seen"], threshold=threshold)
    examples = examples_of(golds)
    random = Random(3)
    for example in examples:  # labels that some documents say nothing about
        example.reference.cats = {k: v for k, v in example.reference.cats.items() if random.random() < 0.9}
    per_doc = check(nlp, examples, CATS_SCORES)
    assert len(json.dumps(per_doc)) < 300_000


def test_a_ranking_too_large_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("archlab.training.scorer_counts.RANKED_CELLS", 10 * 11 - 1)
    nlp = spacy.blank("en")
    golds = gold_docs(nlp, "cooking_multilabel", 10)
    with_labels(nlp, "textcat_multilabel", golds[0].cats)
    examples = examples_of(golds)
    per_doc = collect(nlp, examples, Scorer(nlp).score(examples))
    unknown = {name for name, value in recount(per_doc).items() if value is None}
    assert unknown == {"cats_score", "cats_macro_auc"}
    assert recount(collect(nlp, examples[1:]))["cats_score"] is not None


def fewer_classes(golds: Sequence[Doc], count: int) -> list[str]:
    """Puts the classes together to `count` ones, named 0, 1, 2 ..."""
    classes = sorted(golds[0].cats)
    for gold in golds:
        right = classes.index(max(gold.cats, key=gold.cats.__getitem__)) % count
        gold.cats = {str(i): float(i == right) for i in range(count)}
    return [str(i) for i in range(count)]


def test_exclusive_categories() -> None:
    nlp = spacy.blank("en")
    golds = gold_docs(nlp, "banking77")
    labels = fewer_classes(golds, RANKED_EXCLUSIVE_LABELS)
    with_labels(nlp, "textcat", [*labels[1:], "never seen"])
    examples = examples_of(golds)
    for example in examples[::5]:  # only the class that is right is given
        example.reference.cats = {k: v for k, v in example.reference.cats.items() if v}
    for example in examples[::11]:
        example.reference.cats = {}
    check(nlp, examples, CATS_SCORES)


def test_binary_categories_are_scored_by_the_positive_label() -> None:
    nlp = spacy.blank("en")
    golds = gold_docs(nlp, "banking77")
    component = with_labels(nlp, "textcat", fewer_classes(golds, 2))
    component.cfg["positive_label"] = "1"
    per_doc = check(nlp, examples_of(golds), CATS_SCORES)
    assert recount(per_doc)["cats_score"] == recount_per_label(per_doc, "cats")["1"]["f"]


@pytest.fixture(scope="module")
def trained() -> tuple[Language, list[Example]]:
    """A real textcat after a few steps, and the dev corpus of banking77."""
    nlp = spacy.blank("en")
    dev = [Example(nlp.make_doc(gold.text), gold) for gold in gold_docs(nlp, "banking77")]
    model = {
        "@architectures": "spacy.TextCatBOW.v3",
        "exclusive_classes": True,
        "ngram_size": 1,
        "no_output_layer": False,
        "length": 4096,
    }
    nlp.add_pipe("textcat", config={"model": model})
    optimizer = nlp.initialize(lambda: dev)
    random = Random(0)
    for _ in range(40):
        nlp.update(random.sample(dev, 64), sgd=optimizer)
    return nlp, dev


def test_a_trained_pipeline_of_77_classes(trained: tuple[Language, list[Example]]) -> None:
    nlp, dev = trained
    scorer = counting_scorer(nlp)
    assert scorer.examples == []
    scores = nlp.evaluate(dev, scorer=scorer)
    plain = nlp.evaluate(dev)
    assert {**scores, "speed": 0} == {**plain, "speed": 0}
    assert len(scorer.examples) == len(dev)
    per_doc = collect(nlp, scorer.examples, scores)
    ours = recount(per_doc)
    assert ours.keys() == CATS_SCORES | TOKEN_SCORES
    assert scores["cats_macro_f"] > 0.1
    assert ours.pop("cats_macro_auc") is None
    assert ours == pytest.approx({name: scores[name] for name in ours}, abs=1e-9)
    assert len(json.dumps(per_doc)) < 300_000
    documents = Random(5).choices(range(len(dev)), k=len(dev))
    resampled = Scorer(nlp).score([scorer.examples[i] for i in documents])
    again = Recounter(per_doc, names={"cats_macro_f"}).scores(documents)
    assert again == pytest.approx({"cats_macro_f": resampled["cats_macro_f"]}, abs=1e-9)


def test_without_annotation_the_scores_are_none() -> None:
    nlp = pipeline(
        "tagger", "morphologizer", "trainable_lemmatizer", "parser", "ner", "spancat", "span_finder"
    )
    golds = [nlp.make_doc(gold.text) for gold in gold_docs(nlp, "wnut17", 20)]
    examples = [Example(nlp.make_doc(gold.text), gold) for gold in golds]
    per_doc = collect(nlp, examples)
    assert_like_scorer(nlp, examples, per_doc)
    values = recount(per_doc)
    assert {name for name, value in values.items() if value is not None} == TOKEN_SCORES
    assert {"tag_acc", "ents_f", "dep_las", "spans_sc_f", "morph_micro_f"} < values.keys()


def test_tokens_of_documents_whose_spaces_are_unknown() -> None:
    nlp = spacy.blank("en")
    golds = gold_docs(nlp, "wnut17", 40)
    golds[::2] = [Doc(nlp.vocab, words=[token.text for token in gold]) for gold in golds[::2]]
    examples = examples_of(golds)
    per_doc = collect(nlp, examples)
    assert_like_scorer(nlp, examples, per_doc)
    assert set(assert_like_scorer(nlp, examples, per_doc, range(0, 40, 2)).values()) == {None}


def test_partly_annotated_tokens() -> None:
    nlp = pipeline("tagger", "morphologizer", "trainable_lemmatizer", "parser")
    golds = gold_docs(nlp, "ud_en_atis")
    random = Random(4)
    examples = examples_of(golds)
    for gold in golds:
        for token in gold:
            if random.random() < 0.1:
                token.tag_ = ""
                token.set_morph("")  # type: ignore[attr-defined]  # not in its stub
                token.lemma = 0
    per_doc = collect(nlp, examples)
    assert_like_scorer(nlp, examples, per_doc)
    assert_like_scorer(nlp, examples, per_doc, [3, 3, 1])
    for gold in golds[::3]:
        for token in gold:
            if token.i % 17 == 3:
                token.dep = 0
    assert_like_scorer(nlp, examples, collect(nlp, examples))


def ner_score(examples: Iterable[Example], **kwargs: Any) -> dict[str, Any]:
    return {"ents_f": 0.125, "ents_p": 0.125, "ents_r": 0.125}


def test_an_unknown_scorer_counts_nothing() -> None:
    nlp = pipeline("ner")
    nlp.get_pipe("ner").scorer = ner_score  # type: ignore[attr-defined]
    per_doc = collect(nlp, examples_of(gold_docs(nlp, "wnut17", 20)))
    assert recount(per_doc).keys() == TOKEN_SCORES


def test_a_measure_that_another_scorer_overwrites_is_left_out() -> None:
    nlp = pipeline("tagger", "ner", "entity_ruler")
    nlp.get_pipe("entity_ruler").scorer = ner_score  # type: ignore[attr-defined]
    examples = examples_of(gold_docs(nlp, "wnut17", 100))
    assert "ents" in collect(nlp, examples)["measures"]
    per_doc = collect(nlp, examples, Scorer(nlp).score(examples))
    assert set(per_doc["measures"]) == {"token", "token_acc", "tag_acc"}


def test_a_scorer_may_bring_its_own_measures() -> None:
    def relations(examples: Iterable[Example], **settings: Any) -> dict[str, Any]:
        return {"rel_micro_f": 2 / 3}

    def measures(examples: Sequence[Example], **settings: Any) -> dict[str, Json]:
        rows = [(i, "Binds", 1, 0, i) for i in range(len(examples))]
        return {"rel": prf_measure(rows, {"rel_micro_f": "micro_f"})}

    scorer: Callable[..., Any] = relations
    scorer.archlab_measures = measures  # type: ignore[attr-defined]
    nlp = pipeline("tagger")
    nlp.get_pipe("tagger").scorer = scorer  # type: ignore[attr-defined]
    examples = examples_of([nlp.make_doc("a b"), nlp.make_doc("c")])
    per_doc = collect(nlp, examples)
    assert recount(per_doc)["rel_micro_f"] == pytest.approx(4 / 5)
    assert recount(per_doc, [0])["rel_micro_f"] == 1
