"""A filled [pretraining] is checked as `spacy pretrain` will use it; the slow test asks spaCy."""

import json
import warnings
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from confection import Config
from spacy.language import DEFAULT_CONFIG_PRETRAIN_PATH
from spacy.util import load_config
from structure_configs import (
    Case,
    Section,
    bilstm,
    block,
    bow,
    cnn,
    component,
    ensemble,
    hashes,
    listener,
    shared,
    spans,
    tagger,
    tok2vec,
)

import archlab
from archlab.checking.pipelines import read_pipeline
from archlab.checking.pretraining import RULES
from archlab.checking.structure import check_structure
from archlab.configs.filling import fill_config
from archlab.records import Finding

VECTORS = block("PretrainVectors.v1", maxout_pieces=2, hidden_size=16, loss="cosine")
CHARACTERS = block("PretrainCharacters.v1", maxout_pieces=2, hidden_size=16, n_characters=2)
TEXT = "We like the cats of London very much today."
LAYER = {"component": "tagger", "layer": "tok2vec"}


@dataclass(frozen=True)
class Pretraining:
    """A pipeline, what [pretraining] says otherwise, and the level at which what is wrong shows; "" where it
    pretrains."""

    name: str
    components: Section
    changes: Section = field(default_factory=dict)
    level: str = ""
    said: str = ""

    def config(self, raw: Path | None) -> Any:
        """The config of `spacy init config --pretraining`, with these components."""
        merged = load_config(DEFAULT_CONFIG_PRETRAIN_PATH).merge(
            Config(Case(self.name, self.components).config())
        )
        merged["paths"]["raw_text"] = None if raw is None else str(raw)
        merged["corpora"]["pretrain"]["min_length"] = 0
        section: Section = {**merged["pretraining"], "max_epochs": 1, "objective": CHARACTERS, **self.changes}
        merged["pretraining"] = {key: value for key, value in section.items() if value != "ABSENT"}
        return Config(fill_config(merged)).interpolate()


CASES = [
    Pretraining("a tok2vec", {"tok2vec": shared(), "tagger": tagger(listener())}),
    Pretraining("in torch", {"tok2vec": shared(tok2vec(hashes(), bilstm()))}),
    Pretraining("a layer of a tagger", {"tagger": tagger()}, LAYER),
    Pretraining("a layer that listens", {"tok2vec": shared(), "tagger": tagger(listener())}, LAYER),
    Pretraining("a listener by name", {"a": shared(), "tagger": tagger(listener(upstream="a"))}, LAYER),
    Pretraining(
        "a layer of an ensemble",
        {"textcat": component("textcat", ensemble())},
        {"component": "textcat", "layer": "tok2vec"},
    ),
    Pretraining(
        "a layer of a spancat",
        {"spancat": component("spancat", spans())},
        {"component": "spancat", "layer": "tok2vec"},
    ),
    Pretraining("examples as texts", {"tok2vec": shared()}, {"corpus": "corpora.train"}),
    Pretraining(
        "no such component",
        {"tagger": tagger()},
        {},
        "types",
        "component names tok2vec, which is not in the pipeline",
    ),
    Pretraining("no component", {"tok2vec": shared()}, {"component": None}, "types", "component is null"),
    Pretraining(
        "no model",
        {"sentencizer": {"factory": "sentencizer"}},
        {"component": "sentencizer"},
        "types",
        "its component sentencizer is a sentencizer, and has no model",
    ),
    Pretraining(
        "no such upstream",
        {"a": shared(), "tagger": tagger(listener())},
        LAYER,
        "types",
        "its layer listens to whatever comes before, and no component is called tok2vec",
    ),
    Pretraining(
        "no vectors",
        {"tok2vec": shared()},
        {"objective": VECTORS},
        "types",
        "PretrainVectors predicts vectors, and none are loaded: initialize.vectors is null",
    ),
    Pretraining(
        "no objective",
        {"tok2vec": shared()},
        {"objective": cnn()},
        "types",
        "spacy.HashEmbedCNN.v2 is a model, and an objective makes one: it returns Callable",
    ),
    Pretraining(
        "an objective without an argument",
        {"tok2vec": shared()},
        {"objective": {key: value for key, value in CHARACTERS.items() if key != "hidden_size"}},
        "types",
        "spacy.PretrainCharacters.v1 needs hidden_size",
    ),
    Pretraining(
        "no such corpus",
        {"tok2vec": shared()},
        {"corpus": "corpora.pretrian"},
        "types",
        "corpus names corpora.pretrian, which is not in the config",
    ),
    Pretraining("no layer", {"tok2vec": shared()}, {"layer": None}, "types", "layer is null"),
    Pretraining("no dropout", {"tok2vec": shared()}, {"dropout": "ABSENT"}, "types", "there is no dropout"),
    Pretraining(
        "no such layer",
        {"tagger": tagger()},
        {"component": "tagger", "layer": "tok2vce"},
        "build",
        "its model cannot be built: KeyError: \"Cannot get reference 'tok2vce'",
    ),
    Pretraining(
        "a whole tagger",
        {"tagger": tagger()},
        {"component": "tagger"},
        "build",
        "its model cannot be built: ValueError: [E874]",
    ),
    Pretraining(
        "a bag of words",
        {"textcat": component("textcat", bow())},
        {"component": "textcat"},
        "build",
        "its model cannot be built: ValueError: [E874]",
    ),
    Pretraining(
        "a layer of a parser",
        {"ner": {"factory": "ner"}},
        {"component": "ner", "layer": "tok2vec"},
        "build",
        "its model cannot be built: ValueError: Provided 'x' array should be 2-dimensional",
    ),
    Pretraining(
        "no characters",
        {"tok2vec": shared()},
        {"objective": {**CHARACTERS, "n_characters": 0}},
        "probe",
        "it fails while it is pretrained: ValueError",
    ),
]


def named(case: Pretraining) -> str:
    return case.name


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    path = tmp_path / "raw.jsonl"
    path.write_text(f"{json.dumps({'text': TEXT})}\n" * 12)
    return path


def errors(config: Config, level: str) -> list[Finding]:
    return list(archlab.check(config, level).errors)


@pytest.mark.parametrize("case", CASES, ids=named)
def test_what_is_wrong_is_found_at_its_level_and_not_before(case: Pretraining, raw: Path) -> None:
    config = case.config(raw)
    at_types, at_build = errors(config, "types"), errors(config, "build")
    assert bool(at_types) == (case.level == "types")
    assert bool(at_build) == (case.level in ("types", "build"))
    if at_build:
        (finding,) = at_build
        assert finding.slot.startswith("pretraining")
        assert finding.message.startswith(case.said)
        assert finding.fix or case.level == "build"


def test_every_rule_has_a_fault() -> None:
    silent = set(RULES)
    for case in CASES:
        pipeline = read_pipeline(case.config(None))
        silent -= {rule for rule in RULES if list(rule(pipeline))}
    assert not silent


def test_an_empty_section_is_not_checked() -> None:
    config = CASES[0].config(None)
    config["pretraining"] = {}
    assert errors(config, "build") == []
    assert not [finding for rule in RULES for finding in rule(read_pipeline(config))]


@pytest.mark.parametrize("value", [None, 5, "x", [], {}, {"@architectures": "x"}])
def test_no_value_makes_a_rule_fail(value: object) -> None:
    for key in ("component", "layer", "corpus", "objective", "batcher"):
        config = CASES[3].config(None)
        config["pretraining"][key] = value
        check_structure(config)


@pytest.mark.usefixtures("forked_probes")
def test_texts_are_made_where_there_are_none() -> None:
    config = CASES[0].config(None)
    notes = [f"{finding.slot}: {finding.message}" for finding in archlab.check(config, "probe").findings]
    assert (
        "corpora.pretrain: pretraining was probed on texts made to fit, for corpora.pretrain has no path"
        in notes
    )


@pytest.mark.slow
@pytest.mark.usefixtures("forked_probes")
@pytest.mark.parametrize("case", CASES, ids=named)
def test_spacy_pretrains_what_is_passed_and_fails_on_the_rest(
    case: Pretraining, raw: Path, tmp_path: Path
) -> None:
    from spacy.training.pretrain import pretrain

    config = case.config(raw)
    assert bool(errors(config, "probe")) == bool(case.level)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if case.level:
            with pytest.raises(Exception):  # noqa: B017, PT011  # whatever spaCy or Thinc raises there
                pretrain(config, tmp_path)
        else:
            pretrain(config, tmp_path)
