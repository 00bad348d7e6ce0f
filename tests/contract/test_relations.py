"""The relation extractor of examples/relations: shapes, gradients, scores, and that it is saved whole."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, cast

import numpy as np
import pytest
from relation_pipelines import (
    BASE,
    CODE,
    SMALL,
    gold_docs,
    make_doc,
    make_example,
    make_pipeline,
    registered_code,
    save,
)
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example
from spacy.util import load_model_from_config
from thinc.api import Linear, Model, chain, get_current_ops, with_array
from thinc.api import registry as thinc_registry
from thinc.types import Floats2d

import archlab
from archlab.results.recounting import recount
from archlab.training.per_document import collect, counting_scorer

GENERATOR = "components.relation_extractor.model.create_instance_tensor.get_candidates"
POOLINGS = [f"reduce_{how}.v1" for how in ("mean", "max", "sum", "first", "last")]


@pytest.fixture(scope="module")
def code() -> Iterator[ModuleType]:
    with registered_code() as module:
        yield module


@pytest.fixture
def nlp(code: ModuleType) -> Language:
    return make_pipeline()


@pytest.fixture
def trained(nlp: Language) -> Language:
    """A pipeline after a few steps on four documents, so that no weight is as it was made."""
    examples = [make_example(nlp, doc) for doc in gold_docs(nlp)]
    optimizer = nlp.initialize(lambda: examples)
    for _ in range(5):
        nlp.update(examples, sgd=optimizer)
    return nlp


def extractor_of(nlp: Language) -> Any:
    return nlp.get_pipe("relation_extractor")


def with_entities(nlp: Language) -> list[Doc]:
    """What the extractor is given where a component before it has found the entities."""
    return [make_doc(nlp, gold.text, [(e.start, e.end) for e in gold.ents]) for gold in gold_docs(nlp)]


# Candidates.


def test_all_pairs_are_ordered_and_include_an_entity_with_itself(code: ModuleType, nlp: Language) -> None:
    doc = make_doc(nlp, "a b c d e f", [(0, 1), (2, 4), (5, 6)])
    starts = [(one.start, other.start) for one, other in code.create_all_pairs()(doc)]
    assert starts == [(i, j) for i in (0, 2, 5) for j in (0, 2, 5)]
    assert code.create_all_pairs()(make_doc(nlp, "a b")) == []


@pytest.mark.parametrize(
    ("max_length", "expected"),
    [
        (1, []),
        (2, [(0, 2), (2, 0)]),
        (3, [(0, 2), (2, 0), (2, 5), (5, 2)]),
        (9, [(0, 2), (0, 5), (2, 0), (2, 5), (5, 0), (5, 2)]),
    ],
)
def test_near_pairs_are_distinct_and_within_max_length(
    code: ModuleType, nlp: Language, max_length: int, expected: list[tuple[int, int]]
) -> None:
    doc = make_doc(nlp, "a b c d e f", [(0, 1), (2, 4), (5, 6)])
    assert [(one.start, other.start) for one, other in code.create_near_pairs(max_length)(doc)] == expected


# The model.


def features(width: int = 3) -> Model[list[Doc], list[Floats2d]]:
    """A tok2vec without weights whose numbers tell tokens apart, and are smooth."""

    def forward(model: Any, docs: list[Doc], is_train: bool) -> Any:
        numbers = [
            [[np.sin(7 * d + 3 * t + w + 1) for w in range(width)] for t in range(len(doc))]
            for d, doc in enumerate(docs)
        ]
        return [model.ops.asarray2f(rows).reshape(len(rows), width) for rows in numbers], lambda _: []

    return Model("features", forward)


def instance_model(code: ModuleType, pooling: str = "reduce_mean.v1") -> Model[list[Doc], Floats2d]:
    reduction = cast(Any, thinc_registry.layers).get(pooling)()
    tok2vec = chain(features(), with_array(Linear(nO=4, nI=3)))
    instances = code.create_instance_tensor(tok2vec, reduction, code.create_near_pairs(9))
    model: Model[list[Doc], Floats2d] = code.create_relation_model(
        instances, code.create_classification_layer(nO=2, nI=8)
    )
    return model


def test_a_row_is_the_first_entity_beside_the_second(code: ModuleType, nlp: Language) -> None:
    docs = gold_docs(nlp)
    tensor = instance_model(code).layers[0]
    tensor.initialize(X=docs)
    tokens = tensor.get_ref("tok2vec").predict(docs)
    instances = tensor.predict(docs)
    assert instances.shape == (2 + 6, 2 * 4)
    pairs = [(2, one, other) for one in docs[2].ents for other in docs[2].ents if one != other]
    for row, (doc, one, other) in zip(instances[2:], pairs, strict=True):
        means = [tokens[doc][span.start : span.end].mean(axis=0) for span in (one, other)]
        np.testing.assert_allclose(row, np.concatenate(means), rtol=1e-5)


@pytest.mark.parametrize("pooling", POOLINGS)
def test_gradients_are_those_of_finite_differences(code: ModuleType, nlp: Language, pooling: str) -> None:
    """The loss of the pipe, down to each weight of the tok2vec and of the classification layer."""
    model, extractor = instance_model(code, pooling), extractor_of(nlp)
    extractor.model = model
    examples = [Example(doc, doc) for doc in gold_docs(nlp)]
    extractor.initialize(lambda: examples)
    docs = [example.predicted for example in examples]
    rng = np.random.default_rng(0)
    weights: list[tuple[Any, str]] = [
        (layer, name) for layer in model.walk() if layer.name == "linear" for name in layer.param_names
    ]
    for layer, name in weights:
        layer.set_param(name, rng.normal(size=layer.get_param(name).shape).astype("float32"))

    scores, backprop = model.begin_update(docs)
    backprop(extractor.get_loss(examples, scores)[1])

    def loss_with(values: Any, place: tuple[int, ...], change: float) -> float:
        kept = values[place].copy()
        values[place] = kept + change
        loss = float(extractor.get_loss(examples, model.predict(docs))[0])
        values[place] = kept
        return loss

    step, compared = 1e-2, 0
    for layer, name in weights:
        values, gradient = layer.get_param(name), layer.get_grad(name)
        for place in np.ndindex(values.shape):
            slope = (loss_with(values, place, step) - loss_with(values, place, -step)) / (2 * step)
            assert gradient[place] == pytest.approx(slope, abs=2e-3)
            compared += abs(slope) > 1e-2
    assert compared > 20, "nearly all gradients are 0: nothing was compared"


def test_without_candidates_the_tok2vec_hears_zeros(code: ModuleType, nlp: Language) -> None:
    """A listener waits for the gradient of each batch; shapes must hold for documents without tokens, too."""
    docs = [make_doc(nlp, "no entities here"), Doc(nlp.vocab)]
    model = instance_model(code)
    model.initialize(X=gold_docs(nlp), Y=get_current_ops().alloc2f(8, 2))
    scores, backprop = model.begin_update(docs)
    assert scores.shape == (0, 2)
    backprop(scores)
    linear = model.layers[0].get_ref("tok2vec").layers[1].layers[0]
    assert not linear.get_grad("W").any()


def test_a_model_without_generator_is_refused(code: ModuleType) -> None:
    with pytest.raises(ValueError, match=r"create_instance_tensor \(features\) has no candidate generator"):
        code.create_relation_model(features(), code.create_classification_layer())


# The pipe.


def test_it_writes_a_probability_for_each_candidate_and_label(trained: Language) -> None:
    docs = with_entities(trained)
    assert extractor_of(trained).predict(docs).shape == (8, 2)
    found = [doc._.rel for doc in trained.pipe(docs)]
    assert [list(relations) for relations in found] == [
        [(0, 2), (2, 0)],
        [],
        [(1, 4), (1, 8), (4, 1), (4, 8), (8, 1), (8, 4)],
        [],
    ]
    labels = [labels for relations in found for labels in relations.values()]
    assert all(set(each) == {"Binds", "Regulates"} for each in labels)
    assert all(0 < probability < 1 for each in labels for probability in each.values())


def test_one_document_at_a_time_gives_what_a_batch_gives(trained: Language) -> None:
    together = [doc._.rel for doc in trained.pipe(with_entities(trained))]
    alone = [trained(doc)._.rel for doc in with_entities(trained)]
    for one, other in zip(together, alone, strict=True):
        assert one.keys() == other.keys()
        for pair, labels in one.items():
            assert labels == pytest.approx(other[pair], abs=1e-6)


def test_it_learns(nlp: Language) -> None:
    examples = [make_example(nlp, doc) for doc in gold_docs(nlp)]
    optimizer = nlp.initialize(lambda: examples)
    losses: list[float] = []
    for _ in range(100):
        losses.append(nlp.update(examples, sgd=optimizer)["relation_extractor"])
    assert losses[-1] < losses[0] / 20
    scores = nlp.evaluate(examples)
    assert (scores["rel_micro_f"], scores["rel_candidates"], scores["rel_candidates_r"]) == (1.0, 8, 1.0)


def test_the_loss_is_the_cross_entropy_and_what_gold_does_not_say_is_no_relation(nlp: Language) -> None:
    example = Example(*[gold_docs(nlp)[0]] * 2)
    extractor = extractor_of(nlp)
    extractor.add_label("Binds")
    extractor.add_label("Unheard")
    loss, gradient = extractor.get_loss([example], np.asarray([[0.5, 0.1], [0.2, 0.0]], dtype="float32"))
    assert loss == pytest.approx(-np.log([0.5, 0.9, 0.8]).sum() / 2, rel=1e-5)
    expected = [[-1 / 0.5 / 2, 1 / 0.9 / 2], [1 / 0.8 / 2, 1 / 2]]
    np.testing.assert_allclose(gradient, expected, rtol=1e-5)


def test_labels_come_from_the_examples_or_are_given(nlp: Language) -> None:
    examples = [make_example(nlp, doc) for doc in gold_docs(nlp)]
    nlp.initialize(lambda: examples)
    assert extractor_of(nlp).label_data == ["Binds", "Regulates"]
    assert extractor_of(nlp).add_label("Binds") == 0
    with pytest.raises(ValueError, match="E922"):
        extractor_of(nlp).add_label("Phosphorylates")

    given = make_pipeline()
    given.config["initialize"]["components"] = {"relation_extractor": {"labels": ["Regulates"]}}
    given.initialize(lambda: examples)
    assert extractor_of(given).labels == ("Regulates",)


def test_entities_that_the_tokenizer_cuts_otherwise_still_meet_their_relations(
    code: ModuleType, trained: Language
) -> None:
    gold = make_doc(trained, "so A1-binds B2", [(1, 2), (2, 3)], {(1, 2): {"Binds": 1.0}})
    predicted = Doc(
        trained.vocab, words=["so", "A1", "-", "binds", "B2"], spaces=[True, False, False, True, False]
    )
    (example,) = examples = [Example(predicted, gold)]
    scores = extractor_of(trained).score(examples)
    assert list(example.predicted._.rel) == [(1, 4), (4, 1)]
    assert (scores["rel_candidates"], scores["rel_candidates_r"]) == (2, 1.0)

    predicted._.rel = {(1, 2): {"Binds": 1.0}}  # its token 2 is the hyphen, and not B2 as in gold
    assert code.score_relations(examples, threshold=0.5)["rel_micro_p"] == 0


def test_scoring_leaves_the_entities_of_other_components_alone(trained: Language) -> None:
    gold = gold_docs(trained)[0]
    predicted = make_doc(trained, gold.text, [(3, 5)])
    extractor_of(trained).score([Example(predicted, gold)])
    assert [(entity.start, entity.end) for entity in predicted.ents] == [(3, 5)]


# Scores.


def scored(code: ModuleType, nlp: Language, predicted: dict[Any, Any], threshold: float) -> dict[str, Any]:
    gold = gold_docs(nlp)[2]
    gold._.rel = {(1, 4): {"Regulates": 1.0}, (4, 8): {"Binds": 1.0}, (8, 1): {"Binds": 1.0}}
    guess = make_doc(nlp, gold.text, [(1, 3), (4, 6), (8, 9)], predicted)
    found: dict[str, Any] = code.score_relations([Example(guess, gold)], threshold=threshold)
    return found


def test_scores_count_missed_relations_whose_pair_was_no_candidate(code: ModuleType, nlp: Language) -> None:
    predicted = {(1, 4): {"Regulates": 0.6, "Binds": 0.55}, (4, 8): {"Regulates": 0.1, "Binds": 0.4}}
    half = scored(code, nlp, predicted, 0.5)
    assert half == {
        "rel_micro_p": pytest.approx(1 / 2),
        "rel_micro_r": pytest.approx(1 / 3),
        "rel_micro_f": pytest.approx(2 / 5),
        "rel_candidates": 2,
        "rel_candidates_r": pytest.approx(2 / 3),
    }
    lower = scored(code, nlp, predicted, 0.4)
    assert (lower["rel_micro_p"], lower["rel_micro_r"]) == (pytest.approx(2 / 3), pytest.approx(2 / 3))


def test_a_relation_of_what_is_no_entity_in_gold_is_wrong(code: ModuleType, nlp: Language) -> None:
    found = scored(code, nlp, {(1, 4): {"Regulates": 1.0}, (1, 7): {"Regulates": 1.0}}, 0.5)
    assert found["rel_micro_p"] == pytest.approx(1 / 2)


def test_archlab_counts_each_document(trained: Language) -> None:
    examples = [make_example(trained, doc) for doc in gold_docs(trained)]
    extractor_of(trained).cfg["threshold"] = 0.3
    scorer = counting_scorer(trained)
    scores = trained.evaluate(examples, scorer=scorer)
    per_doc = collect(trained, scorer.examples, scores)
    assert per_doc["measures"]["rel"]["document"] == [0, 1, 2, 3]
    recounted = recount(per_doc)
    for name in ("rel_micro_p", "rel_micro_r", "rel_micro_f"):
        assert recounted[name] == pytest.approx(scores[name])
    assert scores["rel_micro_r"] > 0


# Saved and loaded.


def test_bytes_and_disk_keep_weights_labels_and_threshold(trained: Language, tmp_path: Path) -> None:
    extractor = extractor_of(trained)
    extractor.cfg["threshold"] = 0.4
    extractor.to_disk(tmp_path / "saved")
    for loaded in (
        extractor_of(make_pipeline()).from_bytes(extractor.to_bytes()),
        extractor_of(make_pipeline()).from_disk(tmp_path / "saved"),
    ):
        assert (loaded.labels, loaded.cfg["threshold"]) == (extractor.labels, pytest.approx(0.4))
        docs = with_entities(trained)
        np.testing.assert_array_equal(loaded.predict(docs), extractor.predict(docs))


PREDICTING = """
import json, sys
import spacy
from spacy.tokens import DocBin
from spacy.util import import_file

import_file("code", sys.argv[1])
nlp = spacy.load(sys.argv[2])
docs = list(nlp.pipe(DocBin().from_disk(sys.argv[3]).get_docs(nlp.vocab)))
print(json.dumps([[[*pair, labels] for pair, labels in doc._.rel.items()] for doc in docs]))
"""


def test_a_fresh_process_predicts_exactly_the_same(trained: Language, tmp_path: Path) -> None:
    trained.to_disk(tmp_path / "model")
    file = save(with_entities(trained), tmp_path / "docs.spacy")
    command = [sys.executable, "-c", PREDICTING, str(CODE), str(tmp_path / "model"), str(file)]
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    ended = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert ended.returncode == 0, ended.stderr
    docs = list(trained.pipe(with_entities(trained)))
    here = [[[*pair, labels] for pair, labels in doc._.rel.items()] for doc in docs]
    assert json.loads(ended.stdout) == here
    assert any(here)


# In a pipeline.


def test_it_shares_a_tok2vec(code: ModuleType) -> None:
    config = archlab.load_config(BASE, overrides=SMALL)
    shared = archlab.apply_recipe(config, "shared-tok2vec").config
    nlp = load_model_from_config(shared, auto_fill=True)
    assert nlp.pipe_names == ["tok2vec", "relation_extractor"]
    examples = [make_example(nlp, doc) for doc in gold_docs(nlp)]
    optimizer = nlp.initialize(lambda: examples)
    embedding = next(node for node in nlp.get_pipe("tok2vec").model.walk() if node.name == "hashembed")  # type: ignore[attr-defined]
    before = embedding.get_param("E").copy()
    for _ in range(2):  # spaCy steps a shared tok2vec with the gradient of the batch before
        nlp.update(examples, sgd=optimizer)
    assert (embedding.get_param("E") != before).any()
    empty = [make_example(nlp, make_doc(nlp, "no entities here"))]
    assert nlp.update(empty, sgd=optimizer)["relation_extractor"] == 0.0
    assert "rel_micro_f" in nlp.evaluate(examples)


def test_a_component_before_it_may_find_the_entities(code: ModuleType) -> None:
    nlp = make_pipeline({"components.relation_extractor.use_gold_ents": False})
    ruler: Any = nlp.add_pipe("entity_ruler", before="relation_extractor")
    examples = [make_example(nlp, doc) for doc in gold_docs(nlp)]
    optimizer = nlp.initialize(lambda: examples)
    ruler.add_patterns([{"label": "GGP", "pattern": name} for name in ("A1", "B2", "kinase")])
    for _ in range(60):
        nlp.update(examples, sgd=optimizer, annotates=["entity_ruler"])
    scores = nlp.evaluate(examples)
    assert (scores["rel_candidates"], scores["rel_candidates_r"]) == (2, 0.5)
    assert (scores["rel_micro_p"], scores["rel_micro_r"]) == (1.0, 0.5)


# What archlab says of it.


@pytest.mark.parametrize("generator", ["rel_cand_generator.v1", "rel_cand_generator.v2"])
def test_both_generators_fit_and_swap(code: ModuleType, generator: str) -> None:
    config = archlab.load_config(BASE)
    swapped = archlab.swap(config, GENERATOR, generator)
    assert (
        swapped.config["components"]["relation_extractor"]["model"]["create_instance_tensor"][
            "get_candidates"
        ]["@misc"]
        == generator
    )
    assert [f for f in archlab.check(swapped.config).findings if not f.slot.startswith("corpora.")] == []


def test_every_slot_of_the_model_has_a_verdict(code: ModuleType) -> None:
    config = archlab.load_config(BASE)
    model = [slot for slot in archlab.slots(config) if ".relation_extractor.model" in slot.path]
    assert len(model) == 6
    for slot in model:
        verdicts = {found.name: found.verdict for found in archlab.fits(config, slot.path)}
        assert verdicts[slot.block] == "fits", slot.path
    found = {found.name: found.verdict for found in archlab.fits(config, GENERATOR)}
    assert found["spacy.ngram_suggester.v1"] == found["spacy.CandidateGenerator.v1"] == "misfit"
