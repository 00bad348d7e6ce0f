"""archlab fits --probe: a probe decides what signatures leave open; nothing of it outlives the command."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil
import pytest
from many_commands import run_commands

CODE = """
import os, time
from typing import List, Optional

import spacy
from spacy.ml.models.parser import build_tb_parser_model
from spacy.ml.models.tok2vec import build_hash_embed_cnn_tok2vec
from spacy.ml.parser_model import ParserStepModel
from spacy.tokens import Doc
from thinc.api import Model, chain


def encoder():
    return build_hash_embed_cnn_tok2vec(
        width=8, depth=1, embed_size=50, window_size=1,
        maxout_pieces=2, subword_features=False, pretrained_vectors=None,
    )


def parser(tok2vec):
    return build_tb_parser_model(tok2vec, "ner", False, 8, 2, True)


@spacy.registry.architectures("try.Unannotated.v1")
def unannotated():
    return parser(encoder())


@spacy.registry.architectures("try.UnannotatedAndWrong.v1")
def unannotated_and_wrong():
    return encoder()


@spacy.registry.architectures("try.Lies.v1")
def lies() -> Model[List[Doc], ParserStepModel]:
    return encoder()


@spacy.registry.architectures("try.Dead.v1")
def dead() -> Model[List[Doc], ParserStepModel]:
    cut = Model("cut", lambda model, X, is_train: (X, lambda dX: [dx * 0 for dx in dX]))
    return parser(chain(encoder(), cut))


@spacy.registry.architectures("try.Asks.v1")
def asks(what):
    return parser(encoder())
"""

HANGS = """
import os, time
import spacy


@spacy.registry.architectures("try.Hangs.v1")
def hangs():
    if "archlab-probe-" in os.environ.get("TMPDIR", ""):
        with open(os.environ["TORCH_HANGS"], "w") as file:
            file.write(str(os.getpid()))
        time.sleep(600)
"""

FITS = ["fits", "ner.model", "--base", "ner.cfg", "--probe"]
CONFIG = '[nlp]\nlang = "en"\npipeline = ["ner"]\n\n[components]\n\n[components.ner]\nfactory = "ner"\n'


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "ner.cfg").write_text(CONFIG)
    (tmp_path / "blocks.py").write_text(CODE)
    (tmp_path / "hangs.py").write_text(HANGS)
    return tmp_path


def test_a_probe_decides_what_signatures_leave_open(place: Path) -> None:
    arguments = [*FITS, "--code", "blocks.py", "--format", "json"]
    done = run_commands({"fits": arguments}, cwd=place, forked_probes=True)["fits"]
    found: dict[str, Any] = {candidate["name"]: candidate for candidate in json.loads(done.out)}
    verdicts = {name: found[name]["verdict"] for name in found if name.startswith(("try.", "spacy.Trans"))}
    assert verdicts == {
        "spacy.TransitionBasedParser.v2": "fits",
        "spacy.TransitionBasedParser.v1": "fits",
        "spacy.TransitionModel.v1": "needs",
        "try.Unannotated.v1": "fits",
        "try.UnannotatedAndWrong.v1": "misfit",
        "try.Lies.v1": "misfit",
        "try.Dead.v1": "fits",
        "try.Asks.v1": "unknown",
    }
    assert found["try.Unannotated.v1"]["reason"] == ""
    assert "it fails while it is" in found["try.Lies.v1"]["reason"]
    assert "no gradient reached" in found["try.Dead.v1"]["reason"]
    assert found["try.Asks.v1"]["reason"] == "needs what: no value is known."


def test_ctrl_c_ends_the_probes(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORCH_HANGS", str(place / "pid"))
    running = subprocess.Popen(
        [sys.executable, "-m", "archlab", *FITS, "--code", "hangs.py", "--jobs", "1"],
        cwd=place,
        stderr=subprocess.PIPE,
        text=True,
        # what a shell starts in the background ignores ctrl-C, and hands that on
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    deadline = time.monotonic() + 120
    while not (place / "pid").exists() or not (place / "pid").read_text():
        assert time.monotonic() < deadline
        assert running.poll() is None
        time.sleep(0.1)
    running.send_signal(signal.SIGINT)
    _, told = running.communicate(timeout=20)
    assert running.returncode == 130
    assert told.endswith("error  Stopped, and so have its probes.\n")
    assert not psutil.pid_exists(int((place / "pid").read_text()))
