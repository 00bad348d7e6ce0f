"""The configs of spaCy's guide to architectures, as printed: the check says what to change, and where."""

import os
import subprocess
import sys
from itertools import permutations
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from conftest import ROOT

import archlab

if TYPE_CHECKING:
    from confection import Config

EXAMPLES = ROOT / "examples"

FRAME = """
[nlp]
lang = "en"
pipeline = ["{component}"]

[components]

[components.{component}]
factory = "{component}"
{excerpt}
"""

BOW = """labels = []

[components.textcat.model]
@architectures = "spacy.TextCatBOW.v1"
exclusive_classes = false
ngram_size = 1
no_output_layer = false
nO = null
"""

CHARACTERS = """
[components.tok2vec.model]
@architectures = "spacy.Tok2Vec.v1"

[components.tok2vec.model.embed]
@architectures = "spacy.CharacterEmbed.v1"
# ...

[components.tok2vec.model.encode]
@architectures = "spacy.MaxoutWindowEncoder.v1"
# ...
"""

MODEL = """
[components.tagger.model]
@architectures = "model.v1"
width = 512
classes = 16
"""

TORCH_MODEL = """
[components.tagger.model]
@architectures = "CustomTorchModel.v1"
nO = 50
width = 96
hidden_width = 48
embed_size = 2000
nM = 64
nC = 8
dropout = 0.2
"""

TORCH_CODE = """
from typing import List

import spacy
from spacy.ml import CharacterEmbed
from spacy.tokens.doc import Doc
from thinc.api import Model, PyTorchWrapper, chain, with_array
from thinc.types import Floats2d
from torch import nn


@spacy.registry.architectures("CustomTorchModel.v1")
def create_torch_model(
    nO: int, width: int, hidden_width: int, embed_size: int, nM: int, nC: int, dropout: float
) -> Model[List[Doc], List[Floats2d]]:
    char_embed = CharacterEmbed(width, embed_size, nM, nC)
    torch_model = nn.Sequential(nn.Linear(width, hidden_width), nn.ReLU(), nn.Softmax(dim=1))
    return chain(char_embed, with_array(PyTorchWrapper(torch_model)))
"""

UNKNOWN = "Does a file of yours register it? Name that file: --code FILE"
LABELS = (
    "error",
    "components.textcat",
    "textcat has no argument labels",
    "remove labels: spaCy takes them from the corpus, or from [initialize.components.textcat]",
)
NOT_EXCLUSIVE = (
    "warning",
    "components.textcat.model",
    "exclusive_classes = false, and textcat learns one label for each Doc",
    "set exclusive_classes = true",
)
EMBED, ENCODE = "components.tok2vec.model.embed", "components.tok2vec.model.encode"
NO_ENCODER = (
    "error",
    ENCODE,
    "spacy.MaxoutWindowEncoder.v1 needs width, window_size, maxout_pieces and depth",
    "complete it: archlab swap tok2vec.model.encode spacy.MaxoutWindowEncoder.v1",
)
UNHEARD = (
    "warning",
    "components.tok2vec",
    "nobody listens to it: it costs time and gives nothing",
    "remove tok2vec from nlp.pipeline",
)


def excerpt(component: str, text: str) -> str:
    return FRAME.format(component=component, excerpt=text)


def textcat_of_the_guide() -> str:
    return (EXAMPLES / "textcat" / "guide.cfg").read_text(encoding="utf8")


def tok2vec_of_the_guide() -> str:
    return (EXAMPLES / "sublayers" / "guide.cfg").read_text(encoding="utf8")


def embedding(name: str, arguments: str) -> tuple[str, ...]:
    swap = f"complete it: archlab swap tok2vec.model.embed {name}"
    return ("error", EMBED, f"{name} needs {arguments} and include_static_vectors", swap)


PRINTED = {
    "TextCatEnsemble.v1": (textcat_of_the_guide(), [LABELS, NOT_EXCLUSIVE]),
    "TextCatBOW.v1": (excerpt("textcat", BOW), [LABELS, NOT_EXCLUSIVE]),
    "MultiHashEmbed.v1": (
        tok2vec_of_the_guide(),
        [embedding("spacy.MultiHashEmbed.v1", "width, attrs, rows"), NO_ENCODER, UNHEARD],
    ),
    "CharacterEmbed.v1": (
        excerpt("tok2vec", CHARACTERS),
        [embedding("spacy.CharacterEmbed.v1", "width, rows, nM, nC"), NO_ENCODER, UNHEARD],
    ),
    "model.v1": (
        excerpt("tagger", MODEL),
        [("error", "components.tagger.model", "The registry architectures has no 'model.v1'.", UNKNOWN)],
    ),
    "CustomTorchModel.v1": (
        excerpt("tagger", TORCH_MODEL),
        [
            (
                "error",
                "components.tagger.model",
                "The registry architectures has no 'CustomTorchModel.v1'.",
                UNKNOWN,
            )
        ],
    ),
}


def read(folder: Path, text: str) -> "Config":
    file = folder / "guide.cfg"
    file.write_text(text, encoding="utf8")
    return archlab.load_config(file)


def told(findings: Any) -> list[tuple[Any, ...]]:
    """What the findings say, without notes, and without what is said of corpora that are not there."""
    shown = (f for f in findings if f.severity != "note" and not f.slot.startswith("corpora."))
    return [(f.severity, f.slot, f.message, f.fix) for f in shown]


@pytest.mark.parametrize("printed", PRINTED)
def test_an_excerpt_as_printed_is_told_its_mend(printed: str, tmp_path: Path) -> None:
    text, said = PRINTED[printed]
    assert told(archlab.check(read(tmp_path, text), level="types").findings) == said


@pytest.mark.parametrize("printed", ["TextCatEnsemble.v1", "TextCatBOW.v1"])
def test_a_text_classifier_fits_once_it_is_mended_as_told(printed: str, tmp_path: Path) -> None:
    mended = PRINTED[printed][0].replace("labels = []\n", "")
    mended = mended.replace("exclusive_classes = false", "exclusive_classes = true")
    assert told(archlab.check(read(tmp_path, mended)).findings) == []


@pytest.mark.parametrize("printed", ["MultiHashEmbed.v1", "CharacterEmbed.v1"])
def test_a_tok2vec_is_completed_by_a_swap_for_itself(printed: str, tmp_path: Path) -> None:
    config = read(tmp_path, PRINTED[printed][0])
    swapped = archlab.swap(config, "tok2vec.model", "spacy.Tok2Vec.v1")
    assert told(archlab.check(swapped.config).findings) == [UNHEARD]
    completed = swapped.config["components"]["tok2vec"]["model"]
    assert completed["embed"]["@architectures"] == f"spacy.{printed}"
    assert completed["encode"]["@architectures"] == "spacy.MaxoutWindowEncoder.v1"
    assert completed["embed"]["width"] == completed["encode"]["width"]
    added = {note.path for note in swapped.notes}
    arguments = {f"{EMBED}.{name}" for name in completed["embed"]}
    arguments |= {f"{ENCODE}.{name}" for name in completed["encode"]}
    given = {f"{EMBED}.feature"}  # spaCy fills in what has a default
    assert added - given == {path for path in arguments - given if not path.endswith("@architectures")}


def test_one_sublayer_is_completed_alone_and_in_step(tmp_path: Path) -> None:
    config = read(tmp_path, PRINTED["MultiHashEmbed.v1"][0])
    one = archlab.swap(config, "tok2vec.model.embed", "spacy.MultiHashEmbed.v1", width=48).config
    assert told(archlab.check(one, level="types").findings) == [NO_ENCODER, UNHEARD]
    both = archlab.swap(one, "tok2vec.model.encode", "spacy.MaxoutWindowEncoder.v1").config
    assert told(archlab.check(both).findings) == [UNHEARD]
    assert both["components"]["tok2vec"]["model"]["encode"]["width"] == 48


def test_code_as_printed_is_told_the_line_that_spacy_refuses(tmp_path: Path) -> None:
    """In a process of its own: what the code registers is for nobody else."""
    (tmp_path / "printed.py").write_text(TORCH_CODE, encoding="utf8")
    (tmp_path / "printed.cfg").write_text(excerpt("tagger", TORCH_MODEL), encoding="utf8")
    line = TORCH_CODE.splitlines().index("    char_embed = CharacterEmbed(width, embed_size, nM, nC)") + 1
    command = [sys.executable, "-m", "archlab", "check", "printed.cfg", "--code", "printed.py"]
    ended = subprocess.run(
        command, cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True
    )
    assert ended.returncode == 3
    assert "missing 1 required positional argument: 'include_static_vectors'" in ended.stdout
    assert f"(printed.py:{line})" in ended.stdout


CLASSIFIERS = ("spacy.TextCatEnsemble.v1", "spacy.TextCatBOW.v1", "spacy.TextCatCNN.v1")


@pytest.mark.parametrize(("old", "new"), list(permutations(CLASSIFIERS, 2)))
def test_each_text_classifier_is_swapped_for_each_other(old: str, new: str) -> None:
    """Complete, without a warning, and it trains; back again, it has what both have as it was."""
    base = archlab.load_config(EXAMPLES / "textcat" / "base.cfg")
    start = archlab.swap(base, "textcat.model", old).config
    swapped = archlab.swap(start, "textcat.model", new).config
    before, between = (config["components"]["textcat"]["model"] for config in (start, swapped))
    assert between["@architectures"] == new
    assert between["exclusive_classes"] is True
    assert told(archlab.check(swapped).findings) == []
    assert isfinite(loss_of_one_update(swapped))
    after = archlab.swap(swapped, "textcat.model", old).config["components"]["textcat"]["model"]
    shared = before.keys() & between.keys()
    assert {name: after[name] for name in shared} == {name: before[name] for name in shared}


def loss_of_one_update(config: "Config") -> float:
    from spacy.training import Example
    from spacy.util import load_model_from_config

    nlp = load_model_from_config(config, auto_fill=True)
    texts = (("where is my card", "card"), ("what is the rate", "rate"))
    examples = [
        Example.from_dict(
            nlp.make_doc(text), {"cats": {"card": float(label == "card"), "rate": float(label == "rate")}}
        )
        for text, label in texts
    ]
    optimizer = nlp.initialize(lambda: examples)
    return float(nlp.update(examples, sgd=optimizer)["textcat"])


@pytest.mark.parametrize("old", CLASSIFIERS)
def test_all_are_swapped_for_all_in_a_sweep(old: str, tmp_path: Path) -> None:
    base = archlab.load_config(EXAMPLES / "textcat" / "base.cfg")
    archlab.swap(base, "textcat.model", old).config.to_disk(tmp_path / "base.cfg")
    choices = "".join(f"\n    - {name}" for name in CLASSIFIERS)
    (tmp_path / "sweep.yml").write_text(f"base: base.cfg\nswaps:\n  textcat.model:{choices}\n")
    plan = archlab.plan(archlab.load_sweep(tmp_path / "sweep.yml"))
    assert plan.rejected == ()
    models = [variant.config["components"]["textcat"]["model"] for variant in plan.variants]
    assert [model["@architectures"] for model in models] == list(CLASSIFIERS)


@pytest.mark.parametrize(("old", "new"), [("v1", "v2"), ("v2", "v1")])
def test_a_tok2vec_brings_an_encoder_of_its_version_as_deep_and_wide(old: str, new: str) -> None:
    """A v2 cannot hold an encoder of v1, and a v1 does not keep texts apart for one of v2."""
    base = archlab.load_config(EXAMPLES / "sublayers" / {"v1": "base.cfg", "v2": "v2.cfg"}[old])
    swapped = archlab.swap(base, "tok2vec.model", f"spacy.Tok2Vec.{new}").config
    before, after = (config["components"]["tok2vec"]["model"] for config in (base, swapped))
    assert after["@architectures"] == f"spacy.Tok2Vec.{new}"
    assert after["embed"] == before["embed"]
    assert after["encode"] == {**before["encode"], "@architectures": f"spacy.MaxoutWindowEncoder.{new}"}
    assert [f for f in archlab.check(swapped).findings if not f.slot.startswith("corpora.")] == []


def test_an_encoder_of_v1_is_refused_in_a_v2() -> None:
    base = archlab.load_config(EXAMPLES / "sublayers" / "v2.cfg")
    swapped = archlab.swap(base, "tok2vec.model.encode", "spacy.MaxoutWindowEncoder.v1").config
    ((severity, slot, message, fix),) = told(archlab.check(swapped).findings)
    assert (severity, slot) == ("error", ENCODE)
    assert message.startswith("spacy.MaxoutWindowEncoder.v1 returns Floats2d")
    assert "spacy.MaxoutWindowEncoder.v2" in fix


def test_an_encoder_of_v2_in_a_v1_is_noted() -> None:
    base = archlab.load_config(EXAMPLES / "sublayers" / "base.cfg")
    swapped = archlab.swap(base, "tok2vec.model.encode", "spacy.MaxoutWindowEncoder.v2").config
    report = archlab.check(swapped)
    assert told(report.findings) == []
    (note,) = [finding for finding in report.findings if finding.severity == "note"]
    assert note.message.startswith("spacy.Tok2Vec.v1 reads over the ends of texts")
    assert note.fix == "archlab swap tok2vec.model spacy.Tok2Vec.v2"


def test_a_listener_is_completed_with_the_width_of_what_it_hears() -> None:
    base = archlab.load_config(EXAMPLES / "sublayers" / "base.cfg")
    del base["components"]["tagger"]["model"]["tok2vec"]["width"]
    completed = archlab.swap(base, "tagger.model.tok2vec", "spacy.Tok2VecListener.v1").config
    assert told(archlab.check(completed).findings) == []
    interpolated = completed.interpolate()
    assert interpolated["components"]["tagger"]["model"]["tok2vec"]["width"] == 64
