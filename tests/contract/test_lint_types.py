"""lint-types says where layers do not fit, names both, and says nothing of what is right."""

import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy
import pytest
import thinc.api
from conftest import Cli
from many_commands import run_commands

import archlab
from archlab.checking import mypy_runs
from archlab.checking.layer_mismatches import BRIDGES
from archlab.records import Finding

HEAD = """
from typing import List

import spacy
import thinc.api
from spacy.tokens import Doc
from thinc.api import Linear, Model, add, chain, list2ragged, reduce_mean, with_array
from thinc.types import Floats2d, Ragged

Tokens = Model[List[Doc], List[Floats2d]]
Docs = Model[List[Doc], Floats2d]
Rows = Model[Floats2d, Floats2d]

"""

MISTYPED = {
    "chained": (
        "def chained(tokens: Tokens, rows: Rows) -> Docs:\n    return chain(tokens, rows, rows)",
        ["rows takes Floats2d, and tokens before it gives List[Floats2d]"],
    ),
    "several lines": (
        "def several(tokens: Tokens) -> Docs:\n    return chain(\n        tokens,\n        Linear(3),\n    )",
        ["Linear(3) takes Floats2d, and tokens before it gives List[Floats2d]"],
    ),
    "two at once": (
        "def two(t: Tokens, lists: Model[List[Floats2d], Floats2d], rows: Rows) -> Docs:\n"
        "    return chain(t, rows, lists)",
        [
            "rows takes Floats2d, and t before it gives List[Floats2d]",
            "lists takes List[Floats2d], and rows before it gives Floats2d",
        ],
    ),
    "side by side": (
        "def beside(tokens: Tokens, docs: Docs) -> Tokens:\n    return add(tokens, docs)",
        ["docs gives Floats2d, and tokens beside it gives List[Floats2d]"],
    ),
    "by its full name": (
        "def full(tokens: Tokens, rows: Rows) -> Docs:\n    return thinc.api.chain(tokens, rows)",
        ["tokens and rows do not fit together"],
    ),
    "returned": (
        "def returned(tokens: Tokens) -> Docs:\n    return tokens",
        [
            'Incompatible return value type (got "Model[List[Doc], List[Floats2d]]", '
            'expected "Model[List[Doc], Floats2d]")'
        ],
    ),
    "optional": (
        "def optional(nO: int = None) -> Rows:\n    return Linear(nO)",
        ['Incompatible default for parameter "nO"'],
    ),
    "not imported": (
        "def imported(spans: List[Span]) -> Ints2d:\n    raise ValueError",
        ['Name "Span" is not defined', 'Name "Ints2d" is not defined'],
    ),
}

RIGHT = f"""{HEAD}
import torch
from numpy.typing import NDArray
from spacy.ml import CharacterEmbed
from thinc.api import PyTorchWrapper, Softmax

import no_such_module


@spacy.registry.architectures("right.Tokens.v1")
def tokens(width: int, nO: int) -> Tokens:
    net = torch.nn.Sequential(torch.nn.Linear(width, nO), torch.nn.Softmax(dim=1))
    embed = CharacterEmbed(width, 100, 8, 8, include_static_vectors=False)
    return chain(embed, with_array(PyTorchWrapper(net)))


@spacy.registry.architectures("right.Docs.v1")
def docs(tokens: Tokens, nO: int) -> Docs:
    return chain(tokens, list2ragged(), reduce_mean(), Linear(nO), Softmax())


def forward(model, X, is_train):
    return X, lambda dX: dX


class Net(torch.nn.Module):
    def forward(self, x):
        return no_such_module.do(x)
"""

OPEN = f"""{HEAD}
@spacy.registry.architectures("open.Nothing.v1")
def nothing(tokens, nO=None):
    return chain(tokens, Linear(nO))


@spacy.registry.architectures("open.Bare.v1")
def bare(tokens: Model) -> Model:
    with Model.define_operators({{">>": chain}}):
        return tokens >> Linear(3)
"""

SILENT = """
from spacy.ml.models.textcat import build_bow_text_classifier_v3
from spacy.util import registry


@registry.architectures("open.Silent.v1")
def silent(nO=None):
    return build_bow_text_classifier_v3(True, 1, False, length=1024, nO=nO)
"""

FindingsOf = Callable[..., list[Finding]]


@pytest.fixture
def findings_of(tmp_path: Path) -> FindingsOf:
    def lint(text: str, **options: object) -> list[Finding]:
        file = tmp_path / "blocks.py"
        file.write_text(text, encoding="utf8")
        return list(archlab.lint_types([file], **options).findings)  # type: ignore[arg-type]

    return lint


def test_each_mistake_is_said_once_with_both_layers_its_place_and_its_mend(findings_of: FindingsOf) -> None:
    source = HEAD + "\n\n\n".join(text for text, _ in MISTYPED.values()) + "\n"
    found = findings_of(source)
    expected = [message for _, messages in MISTYPED.values() for message in messages]
    assert {finding.severity for finding in found} == {"error"}
    for message in expected:
        assert [one for one in found if one.message.startswith(message)], message
    assert len(found) == len(expected)
    (named,) = [finding for finding in found if finding.message.startswith("lists takes")]
    line = source.splitlines()[(named.line or 0) - 1]
    assert line[(named.column or 0) - 1 :].startswith("lists)")
    fixes = "\n".join(finding.fix or "" for finding in found)
    for fix in (
        "with_array(rows)",
        "write nO: Optional[int] = None",
        "from spacy.tokens import Span",
        "from thinc.types import Ints2d",
    ):
        assert fix in fixes


def test_nothing_is_said_of_what_is_right_or_of_libraries(findings_of: FindingsOf) -> None:
    assert findings_of(RIGHT) == []


def test_strict_is_strict(findings_of: FindingsOf) -> None:
    messages = [finding.message for finding in findings_of(RIGHT, strict=True)]
    assert messages
    assert all("[no-untyped-def]" in message for message in messages)


def test_what_a_block_leaves_open_is_a_note(findings_of: FindingsOf) -> None:
    found = findings_of(OPEN)
    assert [finding.severity for finding in found] == ["note"] * 3
    assert "Function is missing a type annotation" in found[0].message
    assert 'Missing type arguments for generic type "Model"' in found[1].message
    assert "what operators join is not compared" in found[2].message


def test_a_configuration_of_ones_own_is_used_when_named(findings_of: FindingsOf, tmp_path: Path) -> None:
    own = tmp_path / "mypy.ini"
    own.write_text("[mypy]\nignore_errors = true\nfollow_imports = skip\n")
    assert findings_of(HEAD + MISTYPED["returned"][0], config=own) == []


def test_a_file_may_be_called_like_a_module(findings_of: FindingsOf, tmp_path: Path) -> None:
    names = ("typing.py", "my-blocks.py", "1.py")
    for name in names:
        (tmp_path / name).write_text(HEAD + MISTYPED["returned"][0])
    report = archlab.lint_types([tmp_path / name for name in (*names, names[0])])
    assert [Path(finding.file or "").name for finding in report.findings] == [*names]


def test_what_is_said_to_lie_between_two_layers_runs_in_thinc() -> None:
    rows = numpy.ones((3, 4), dtype="f")
    lists = [rows[:2], rows[2:]]
    given: dict[str, Any] = {
        "List[Floats2d]": lists,
        "List[Ints2d]": [numpy.ones((2, 4), dtype="i")],
        "Ragged": thinc.api.list2ragged().predict(lists),  # type: ignore[arg-type]
        "Padded": thinc.api.list2padded().predict(lists),  # type: ignore[arg-type]
    }
    tried = set()
    for (gives, takes), text in BRIDGES.items():
        layer = {"Padded": thinc.api.LSTM(2, 4), "Ints2d": thinc.api.HashEmbed(2, 5, column=0)}.get(
            takes, thinc.api.Linear(2, 4)
        )
        for call in re.findall(r"\w+\((?:\{layer\})?\)", text):
            model = eval(call.format(layer="layer"), {**vars(thinc.api), "layer": layer})
            if call == "reduce_mean()" and gives == "List[Floats2d]":
                model = thinc.api.chain(thinc.api.list2ragged(), model)
            assert model.initialize(X=given[gives]).predict(given[gives]) is not None, (gives, takes)
            tried.add((gives, takes))
    assert tried == {pair for pair in BRIDGES if pair[0] != "Floats2d"}


class TestCommand:
    """archlab lint-types."""

    def test_as_text_json_and_for_github(
        self, cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        (tmp_path / "a.py").write_text(HEAD + MISTYPED["chained"][0])
        (tmp_path / "b.py").write_text(HEAD)
        done = cli("lint-types", "a.py", "b.py")
        assert done.code == 3
        assert "error    a.py:15:26\n         rows takes Floats2d, and tokens before it gives" in done.out
        assert "a.py, b.py: 1 error" in done.out
        found = json.loads(cli("lint-types", "a.py", "--format", "json").out)["findings"]
        assert [(one["file"], one["line"], one["column"]) for one in found] == [("a.py", 15, 26)]
        done = cli("lint-types", "a.py", "--format", "github")
        assert done.out.startswith("::error file=a.py,line=15,col=26::rows takes Floats2d")

    def test_a_note_is_no_failure(self, cli: Cli, tmp_path: Path) -> None:
        (tmp_path / "a.py").write_text(OPEN)
        assert cli("lint-types", tmp_path / "a.py").code == 0

    def test_without_mypy_the_command_that_brings_it_is_the_answer(
        self, cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(mypy_runs, "find_spec", lambda name: None)
        done = cli("lint-types", tmp_path / "a.py")
        assert done.code == 3
        assert "Install it: pip install 'archlab[types]'" in done.err


def test_a_block_that_states_no_types_is_sent_here(workplace: Path) -> None:
    (workplace / "open.py").write_text(SILENT, encoding="utf8")

    told = run_commands(
        {
            "fits": ["fits", "textcat.model", "--code", "open.py"],
            "swap": ["swap", "textcat.model", "open.Silent.v1", "--code", "open.py"],
        }
    )
    assert "only a probe can tell, or annotations: archlab lint-types open.py" in told["fits"].out
    assert "-> Model[List[Doc], Floats2d], and check it: archlab lint-types open.py" in told["swap"].out
    assert (
        archlab.lint_types(["open.py"])
        .findings[0]
        .message.startswith("Function is missing a type annotation")
    )


def test_nothing_of_mypy_is_loaded_into_this_process() -> None:
    assert "mypy" not in sys.modules
