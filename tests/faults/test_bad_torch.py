"""PyTorch modules that cannot do their work: the probe says where and what to mend, a grid goes on."""

import json
from pathlib import Path

import pytest
from conftest import ROOT, Finished
from many_commands import run_commands
from spacy.tokens import Doc, DocBin
from spacy.vocab import Vocab

CODE = ROOT / "tests" / "faults" / "bad_torch.py"
LAYER = "pytorch (model.layers[1].layers[0])"

# What is wrong: (what is said of it, the mend, what a run says).
FAULTS = {
    "tuple": (
        f"the Pair in {LAYER} returns a tuple, and one tensor is needed",
        "return one tensor, or give PyTorchWrapper a convert_outputs that picks it",
        "ValueError: operands could not be broadcast together",
    ),
    "double": (
        f"the Sequential in {LAYER} has weights of float64 (0.weight), and Thinc computes in float32",
        "call .float() on the module",
        "RuntimeError: mat1 and mat2 must have the same dtype, but got Float and Double",
    ),
    "rows": (
        f"the Rows in {LAYER} is given float32 (3 x 16 for 3 tokens)",
        "take that, or give PyTorchWrapper a convert_inputs that makes of it what the module takes",
        "RuntimeError: Expected tensor for argument #1 'indices' to have one of the following scalar types",
    ),
    "nan": (
        f"the Sequential in {LAYER} has weights that are not finite (0.weight)",
        "look at what they start with, and at training.optimizer.learn_rate",
        "ValueError: [E940] Found NaN values in scores.",
    ),
    "pickle": (
        f"the Sequential in {LAYER} is saved by a function of its own",
        "leave out serialize_model and deserialize_model of PyTorchWrapper: its state_dict is saved then",
        "TypeError: cannot pickle '_thread.lock' object",
    ),
}

BASE = """
[nlp]
lang = "en"
pipeline = ["tagger"]

[components]

[components.tagger]
factory = "tagger"

[components.tagger.model]
@architectures = "bad.Torch.v1"
what = "nothing"

[corpora]

[corpora.train]
@readers = "spacy.Corpus.v1"
path = {corpus}

[corpora.dev]
@readers = "spacy.Corpus.v1"
path = {corpus}

[training]
max_steps = 2
eval_frequency = 1
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A base, a sweep over all that may be wrong with it, and a corpus."""
    folder = tmp_path_factory.mktemp("torch")
    words = [["show", "me", "flights"], ["flights", "to", "Boston"]]
    docs = [Doc(Vocab(), words=text, tags=["V", "D", "N"]) for text in words]
    DocBin(docs=docs * 5).to_disk(folder / "corpus.spacy")
    base = BASE.format(corpus=json.dumps(str(folder / "corpus.spacy")))
    (folder / "base.cfg").write_text(base, encoding="utf8")
    whats = json.dumps(["nothing", *FAULTS])
    sweep = f"base: base.cfg\nscore: tag_acc\noverrides:\n  components.tagger.model.what: {whats}\n"
    (folder / "bad.yml").write_text(sweep, encoding="utf8")
    return folder


@pytest.fixture(scope="module")
def finished(folder: Path) -> dict[str, Finished]:
    """One after the other: the probe, and the grid."""
    sweep, code = folder / "bad.yml", ["--code", CODE]
    return run_commands(
        {
            "check": ["check", sweep, "--level", "probe", "--format", "json", *code],
            "grid": ["grid", sweep, "--engine", "inline", "--experiments", folder, *code],
        },
        forked_probes=True,
    )


@pytest.mark.slow
@pytest.mark.parametrize("what", FAULTS)
def test_the_probe_says_what_is_wrong_and_what_to_mend(finished: dict[str, Finished], what: str) -> None:
    assert finished["check"].code == 3, finished["check"].err
    message, fix, exception = FAULTS[what]
    findings = json.loads(finished["check"].out)["findings"]
    (finding,) = (finding for finding in findings if finding["variants"] == [f"what={what}"])
    assert (finding["severity"], finding["slot"], finding["line"]) == ("error", "components.tagger.model", 11)
    assert finding["message"].startswith("it fails while it is ")
    assert exception in finding["message"]
    assert finding["message"].endswith(f"; {message}")
    assert finding["fix"] == fix


@pytest.mark.slow
def test_one_that_is_sound_is_not_blamed(finished: dict[str, Finished]) -> None:
    findings = json.loads(finished["check"].out)["findings"]
    assert len(findings) == len(FAULTS)


@pytest.mark.slow
def test_a_grid_trains_the_sound_one_and_tells_of_the_others(
    finished: dict[str, Finished], folder: Path
) -> None:
    done = finished["grid"]
    assert done.code == 4, done.err
    assert "Traceback" not in done.out
    results = [json.loads(file.read_text()) for file in folder.glob("bad/runs/*/result.json")]
    said = {result["variant"]: result["reason"] and result["reason"]["message"] for result in results}
    assert said.pop("base") is None
    for what, (_, _, exception) in FAULTS.items():
        assert said[f"what={what}"].startswith(exception)
        assert f"what={what} seed 0 failed" in done.out
    again = f"archlab check {folder / 'bad.yml'} --level probe --code {CODE}"
    assert f"Where they fail, and what may mend it: {again}" in done.err


@pytest.mark.slow
def test_no_model_is_left_half_written(finished: dict[str, Finished], folder: Path) -> None:
    assert finished["grid"].code == 4
    assert [file.name for file in folder.rglob("*.part")] == []
    (kept,) = folder.glob("bad/runs/*/model-best")
    assert json.loads((kept.parent / "result.json").read_text())["variant"] == "base"
