"""The relation extractor with settings and documents that are wrong, or hold nothing."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import Cli
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
from thinc.api import Adam

import archlab
from archlab.records import Finding

EXTRACTOR = "components.relation_extractor"
MAX_LENGTH = f"{EXTRACTOR}.model.create_instance_tensor.get_candidates.max_length"


@pytest.fixture(scope="module", autouse=True)
def _code() -> Iterator[None]:
    with registered_code():
        yield


@pytest.mark.parametrize("max_length", [0, -1])
def test_a_max_length_that_leaves_no_pair_is_refused(max_length: int) -> None:
    (finding,) = errors({MAX_LENGTH: max_length})
    assert finding.message == (
        f"it cannot be built: ValueError: max_length = {max_length} leaves no pair of entities: "
        "set it to 1 token or more"
    )


@pytest.mark.parametrize("threshold", [1.5, -0.1])
def test_a_threshold_that_is_no_probability_is_refused(threshold: float) -> None:
    with pytest.raises(
        ValueError, match=f"threshold = {threshold} is no probability: set a number from 0 to 1"
    ):
        make_pipeline({f"{EXTRACTOR}.threshold": threshold})


def test_check_says_so_before_training() -> None:
    (finding,) = errors({f"{EXTRACTOR}.threshold": 1.5})
    assert "threshold = 1.5 is no probability" in finding.message


@pytest.mark.parametrize("threshold", [0.0, 1.0, 1])
def test_the_ends_are_probabilities(threshold: float) -> None:
    assert errors({f"{EXTRACTOR}.threshold": threshold}) == []


@pytest.mark.parametrize(("path", "value"), [(MAX_LENGTH, "many"), (f"{EXTRACTOR}.threshold", "high")])
def test_values_of_another_type_are_refused(path: str, value: str) -> None:
    (finding,) = errors({path: value})
    assert f"= {value!r} is not" in finding.message


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (
            lambda nlp, docs: setattr(docs[2], "ents", ()),
            "document 2 of the training corpus ('the factor C3 regulates D4 kinase , not ' ...) has "
            "relations of entities at the tokens [1, 4], where none begins: set doc.ents before the corpus "
            "is saved",
        ),
        (
            lambda nlp, docs: setattr(docs[0], "ents", docs[0].ents[:1]),
            "document 0 of the training corpus ('A1 binds B2 in cells ' ...) has relations of entities at "
            "the tokens [2], where none begins: set doc.ents before the corpus is saved",
        ),
        (
            lambda nlp, docs: [doc._.rel.clear() for doc in docs],
            "no document of the training corpus has relations: set doc._.rel, and save the corpus with "
            "DocBin(store_user_data=True)",
        ),
        (
            lambda nlp, docs: nlp.get_pipe("relation_extractor").model.attrs.update(
                get_candidates=lambda doc: []
            ),
            "no document of the training corpus has a candidate: raise max_length",
        ),
    ],
)
def test_a_corpus_that_cannot_be_learned_from_is_refused(
    spoil: Callable[[Language, list[Doc]], Any], said: str
) -> None:
    nlp = make_pipeline()
    docs = gold_docs(nlp)
    spoil(nlp, docs)
    with pytest.raises(ValueError) as refused:  # noqa: PT011  # the whole message is compared
        nlp.initialize(lambda: [make_example(nlp, doc) for doc in docs])
    assert str(refused.value) == said


def test_a_training_on_relations_without_entities_fails_and_names_the_document(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    nlp = make_pipeline()
    good, bad = gold_docs(nlp), gold_docs(nlp)
    bad[2].ents = ()
    save(good, tmp_path / "good.spacy")
    save(bad, tmp_path / "bad.spacy")
    settings = [part for path, value in SMALL.items() for part in (f"--{path}", value)]
    corpora = ["--paths.train", "bad.spacy", "--paths.dev", "good.spacy"]
    done = cli("train", BASE, "--code", CODE, *corpora, *settings, "--training.max_steps", 2)
    assert done.code == 4
    assert "document 2 of the training corpus" in done.err
    assert "set doc.ents before the corpus is saved" in done.err
    probed = cli("check", BASE, "--code", CODE, "--level", "probe", *corpora, *settings)
    assert probed.code == 3
    assert "document 2 of the training corpus" in probed.out


def test_documents_made_up_for_a_probe_blame_no_component_whose_needs_nobody_knows() -> None:
    """They hold no relations; the same config trains on a corpus that does."""
    config = archlab.load_config(BASE, overrides={**SMALL, "paths.train": None, "paths.dev": None})
    report = archlab.check(config, "probe", code=[CODE])
    assert report.ok
    (warning,) = [finding for finding in report.findings if finding.severity == "warning"]
    assert warning.message.startswith("not probed: on documents that were made up it fails while it is init")
    assert warning.fix == "name a corpus: --paths.train FILE"


def test_documents_without_entities_or_tokens_have_no_relations() -> None:
    nlp = make_pipeline()
    nlp.initialize(lambda: [make_example(nlp, doc) for doc in gold_docs(nlp)])
    docs = [make_doc(nlp, "no entity here"), make_doc(nlp, "only A1", [(1, 2)]), Doc(nlp.vocab)]
    assert [doc._.rel for doc in nlp.pipe(docs)] == [{}, {}, {}]
    examples = [make_example(nlp, doc) for doc in docs]
    assert nlp.update(examples, sgd=Adam())["relation_extractor"] == 0.0
    scores = nlp.evaluate(examples)
    assert (scores["rel_micro_f"], scores["rel_candidates"]) == (0.0, 0)


def errors(overrides: dict[str, Any]) -> list[Finding]:
    config = archlab.load_config(BASE, overrides={**SMALL, **overrides})
    return list(archlab.check(config).errors)
