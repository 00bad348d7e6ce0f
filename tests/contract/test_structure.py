"""What level types says beyond types: each rule finds its fault, says how to mend it, and is true of spaCy.

The slow test trains every config with spaCy alone: what is called an error fails, all else trains.
"""

import warnings
from collections.abc import Iterator
from copy import deepcopy
from io import StringIO
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
from spacy import load
from spacy.language import Language
from spacy.util import registry
from structure_cases import FAULTS, FINE, LINKER, T
from structure_configs import (
    Case,
    Section,
    bilstm,
    bow,
    cnn,
    component,
    create_reader,
    ensemble,
    hashes,
    listener,
    shared,
    spans,
    tagger,
    tok2vec,
    window,
)

import archlab
from archlab.catalog.origins import is_own
from archlab.checking import pretraining, transformers
from archlab.checking.origins import has_foreign_blocks
from archlab.checking.pipelines import FACTORIES, read_pipeline
from archlab.checking.settings import SCORES
from archlab.checking.structure import RULES, check_structure
from archlab.configs.code import import_code
from archlab.configs.loading import as_config, interpolated
from archlab.configs.widths import width_of
from archlab.records import Finding

CODE = """
from typing import List

import spacy
from spacy.ml.models.tagger import build_tagger_model
from spacy.tokens import Doc
from thinc.api import Model
from thinc.types import Floats2d


@spacy.registry.architectures("test.Around.v1")
def around(tok2vec: Model[List[Doc], List[Floats2d]]) -> Model[List[Doc], List[Floats2d]]:
    return build_tagger_model(spacy.registry.get("architectures", "spacy.HashEmbedCNN.v2")(
        width=16, depth=1, embed_size=50, window_size=1, maxout_pieces=2,
        subword_features=False, pretrained_vectors=None,
    ))
"""


def named(case: Case) -> str:
    return case.name


def findings(case: Case) -> list[Finding]:
    return check_structure(interpolated(as_config(case.config())))


@pytest.mark.parametrize("case", FAULTS, ids=named)
def test_a_fault_is_found_with_its_fix_and_nothing_worse_is_said(case: Case) -> None:
    found = [(f"{f.severity} {f.slot}", f.message, f.fix) for f in findings(case)]
    assert (case.where, case.message, case.fix) in found
    worst = min(("error", "warning", "note").index(where.split()[0]) for where, *_ in found)
    assert ("error", "warning", "note")[worst] == case.severity


@pytest.mark.parametrize("case", FINE, ids=named)
def test_what_is_right_is_passed(case: Case) -> None:
    assert findings(case) == []


@pytest.mark.parametrize("factory", sorted(FACTORIES - {"tok2vec", "transformer", "curated_transformer"}))
def test_what_spacy_gives_a_component_by_default_is_passed(factory: str) -> None:
    assert findings(Case("default", {factory: {"factory": factory}})) == []


def test_every_rule_has_a_fault_that_it_alone_finds() -> None:
    elsewhere = (*pretraining.RULES, *transformers.RULES)  # test_pretraining, test_transformers_checked
    silent = {rule.__name__ for rule in RULES if rule not in elsewhere}
    for case in FAULTS:
        pipeline = read_pipeline(interpolated(as_config(case.config())))
        silent -= {rule.__name__ for rule in RULES for f in rule(pipeline) if f.message == case.message}
    assert not silent


def test_both_numbers_are_told() -> None:
    (case,) = [case for case in FAULTS if case.name == "listener of another width"]
    (finding,) = findings(case)
    assert (finding.expected, finding.given) == ("32", "16")


def test_what_may_bring_vectors_is_not_faulted() -> None:
    case = Case("vectors", {"tagger": tagger(cnn(pretrained_vectors=True))}, initialize={"vectors": "some"})
    assert findings(case) == []


def test_a_trained_pipeline_may_hold_the_tok2vec_or_listen_to_it() -> None:
    sourced = {"source": "en_core_web_sm"}
    assert findings(Case("upstream", {"tok2vec": sourced, "tagger": tagger(listener())})) == []
    assert findings(Case("listener", {"tok2vec": shared(), "ner": sourced})) == []


def test_transformers_are_heard_by_their_own_listeners(monkeypatch: pytest.MonkeyPatch) -> None:
    """The packages need not be installed: as if their blocks were registered."""
    for module in ("archlab.checking.pipelines", "archlab.configs.widths"):
        monkeypatch.setattr(f"{module}.is_own", lambda registry, name: True)
    whole = interpolated(as_config(Case("a", {"a": shared(), "tagger": tagger(listener())}).config()))
    roberta = {"@architectures": "spacy-curated-transformers.RobertaTransformer.v1", "hidden_width": 32}
    whole["components"]["a"] = {"factory": "curated_transformer", "model": roberta}

    def said() -> list[tuple[str, str, str | None]]:
        return [(f.severity, f.message, f.fix) for f in check_structure(whole) if f.slot.endswith(".tok2vec")]

    ((severity, message, fix),) = said()
    assert (severity, message) == ("error", "it hears a tok2vec, and a is a curated_transformer")
    assert fix is not None
    assert fix.startswith("Its listeners: spacy-curated-transformers.LastTransformerLayerListener.v1 or ")
    inner = whole["components"]["tagger"]["model"]["tok2vec"]
    inner["@architectures"] = "spacy-curated-transformers.LastTransformerLayerListener.v1"
    own = "set width = ${components.a.model.hidden_width}"
    assert said() == [("error", "width 16, its upstream a gives 32", own)]
    inner["width"] = 32
    assert said() == []


@pytest.mark.parametrize(
    ("module", "own"),
    [
        *((f"{package}.layers", True) for package in ("spacy", "spacy_legacy", "spacy_loggers", "thinc")),
        ("spacy_transformers.architectures", True),
        ("spacy_curated_transformers.models.architectures", True),
        ("spacy_of_ones_own", False),
    ],
)
def test_what_is_own_is_built_here_and_known(monkeypatch: pytest.MonkeyPatch, module: str, own: bool) -> None:
    def make() -> None: ...

    make.__module__ = module
    monkeypatch.setattr(registry, "get", lambda *_: make)
    monkeypatch.setattr("archlab.catalog.origins.find_function", lambda *_: make)
    assert has_foreign_blocks({"model": {"@architectures": "a.v1"}}) is not own
    assert is_own("architectures", f"{module}.v1") is own


def test_what_is_not_registered_is_not_foreign_and_what_fails_for_another_reason_is_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert not has_foreign_blocks({"model": {"@architectures": "test.Absent.v1"}})
    monkeypatch.setattr("archlab.checking.origins._module", Mock(side_effect=TypeError("a slip")))
    with pytest.raises(TypeError, match="a slip"):
        has_foreign_blocks({"model": cnn()})


@pytest.mark.parametrize(
    ("section", "width"),
    [
        (cnn(8), 8),
        (tok2vec(hashes(32), window(16)), 16),
        (tok2vec(hashes(32), bilstm(16, depth=0)), 32),
        (bilstm(15), 14),
        (tagger(nO=5)["model"], 5),
        (tagger()["model"], None),
        (bow(), None),
        ({"@architectures": "test.Unknown.v1", "width": 16}, None),
    ],
    ids=str,
)
def test_the_width_a_block_gives_is_told_where_it_is_known(section: Section, width: int | None) -> None:
    assert width_of(section) == width


def test_a_legacy_linker_is_only_noted_where_it_belongs() -> None:
    model = {**LINKER, "@architectures": "spacy.EntityLinker.v1"}
    (note,) = findings(Case("linker", {"entity_linker": component("entity_linker", model)}))
    assert (note.severity, note.fix) == ("note", "archlab swap entity_linker.model spacy.EntityLinker.v2")


class TestCustomBlocks:
    """What is not known is never called an error."""

    @pytest.fixture(autouse=True)
    def code(self, tmp_path: Path) -> None:
        (tmp_path / "around.py").write_text(CODE)
        import_code([tmp_path / "around.py"])

    def around(self, inner: Section) -> Section:
        return {"factory": "tagger", "model": {"@architectures": "test.Around.v1", "tok2vec": inner}}

    @pytest.mark.parametrize(
        "inner", [listener(), cnn(pretrained_vectors=True), tok2vec(hashes(32), window(16))], ids=str
    )
    def test_a_fault_inside_one_is_a_warning(self, inner: Section) -> None:
        case = Case("around", {"tagger": self.around(inner)})
        assert {finding.severity for finding in findings(case)} == {"warning"}

    def test_one_may_listen(self) -> None:
        assert findings(Case("listens", {"tok2vec": shared(), "tagger": self.around(cnn())})) == []

    def test_one_may_write_what_listeners_read(self) -> None:
        Language.component("test_writer", func=lambda doc: doc)
        assert findings(Case("wrote", {"a": {"factory": "test_writer"}, "tagger": tagger(listener())})) == []

    def test_one_may_score_what_it_likes(self) -> None:
        Language.component("test_scored", func=lambda doc: doc)
        components = {"tagger": tagger(), "a": {"factory": "test_scored"}}
        assert findings(Case("scores", components, training={"score_weights": {"mine": 1.0}})) == []


def test_a_slip_of_case_is_told_with_the_right_name() -> None:
    case = Case("no for nO", {"tagger": tagger()})
    config = as_config(case.config())
    config["components"]["tagger"]["model"]["no"] = config["components"]["tagger"]["model"].pop("nO")
    said = {finding.message: finding.fix for finding in archlab.check(config, "types").errors}
    assert said["spacy.Tagger.v2 has no argument no"] == "Did you mean nO?"


def test_no_value_of_a_config_makes_a_rule_fail() -> None:
    """Values that level types calls wrong are passed over, whatever they are."""
    components = {
        "tok2vec": shared(tok2vec(hashes(), window())),
        "tagger": tagger(listener()),
        **T(ensemble()),
        "spancat": component("spancat", spans(nI=16)),
    }
    labels = {"components": {"textcat": {"labels": ["GOOD", "BAD"]}}}
    training = {"frozen_components": ["tok2vec"], "annotating_components": ["tok2vec"]}
    case = Case("odd", components, training=training, initialize=labels)
    whole = interpolated(as_config(case.config()))
    for path in [
        path for part in ("components", "training", "initialize") for path in paths(whole[part], part)
    ]:
        for value in (
            None,
            5,
            -1,
            0.5,
            True,
            "x",
            "'",
            [],
            [None],
            [5, "x"],
            {},
            {"@layers": "x", "width": "y"},
        ):
            changed = deepcopy(whole)
            *parents, key = path
            section: Any = changed
            for parent in parents:
                section = section[parent]
            section[key] = value
            check_structure(changed)


def paths(section: Section, *above: str) -> Iterator[tuple[str, ...]]:
    for key, value in section.items():
        yield (*above, key)
        if isinstance(value, dict):
            yield from paths(value, *above, key)


# With spaCy.


def train(config: Section, folder: Path) -> None:
    """Train as `spacy train` does, and load what was saved; raises what spaCy raises."""
    from spacy.training.initialize import init_nlp
    from spacy.training.loop import train as spacy_train

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        spacy_train(init_nlp(as_config(config)), folder, stdout=StringIO(), stderr=StringIO())
        load(folder / "model-last")


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A pipeline with a tok2vec and a tagger that listens to it."""
    folder = tmp_path_factory.mktemp("trained")
    train(Case("source", {"tok2vec": shared(), "tagger": tagger(listener())}).config(), folder)
    return str(folder / "model-last")


@pytest.mark.slow
@pytest.mark.parametrize("case", [*FAULTS, *FINE], ids=named)
def test_spacy_fails_on_errors_and_trains_the_rest(case: Case, trained: str, tmp_path: Path) -> None:
    config = case.config(trained)
    if case.severity == "error":
        with pytest.raises(Exception):  # noqa: B017, PT011  # whatever spaCy, Thinc or torch raises there
            train(config, tmp_path)
        return
    train(config, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("factory", "model"),
    [
        ("tagger", tagger()["model"]),
        ("senter", tagger()["model"]),
        ("morphologizer", tagger()["model"]),
        ("trainable_lemmatizer", tagger()["model"]),
        ("textcat", ensemble()),
        ("textcat_multilabel", ensemble()),
    ],
)
def test_a_component_gives_the_scores_that_the_table_says(factory: str, model: Section) -> None:
    from spacy.training.initialize import init_nlp

    nlp = init_nlp(as_config(Case("scores", {factory: component(factory, model)}).config()))
    scores = nlp.evaluate(list(create_reader()(nlp)))
    assert {score for score in scores if not score.startswith(("token_", "speed"))} == set(SCORES[factory])
