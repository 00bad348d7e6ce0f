"""`archlab diff` on real configs: those of `spacy init config`, and swapped ones."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from spacy.cli.init_config import init_config

import archlab
from archlab.configs.comparing import Comparison

if TYPE_CHECKING:
    from conftest import Cli

TOKEN_PIPES = ["tagger", "parser", "ner"]


def quickstart(folder: Path, optimize: str, pipeline: list[str], gpu: bool = False) -> Path:
    path = folder / f"{optimize}.cfg"
    init_config(pipeline=pipeline, optimize=optimize, gpu=gpu, silent=True).to_disk(path)
    return path


def rows(comparison: Comparison) -> list[str]:
    return [f"{c.kind} {c.old_path or c.new_path} {c.new or c.old}" for c in comparison.blocks]


def test_efficiency_and_accuracy_differ_in_settings_alone(tmp_path: Path) -> None:
    a, b = (archlab.load_config(quickstart(tmp_path, o, TOKEN_PIPES)) for o in ("efficiency", "accuracy"))
    found = archlab.diff(a, b)
    assert rows(found) == []
    assert [change.path.removeprefix("components.tok2vec.model.") for change in found.settings] == [
        "paths.vectors",
        "embed.include_static_vectors",
        "encode.width",
        "encode.depth",
    ]


def test_a_bag_of_words_that_becomes_part_of_an_ensemble_has_moved(tmp_path: Path) -> None:
    a, b = (archlab.load_config(quickstart(tmp_path, o, ["textcat"])) for o in ("efficiency", "accuracy"))
    assert rows(archlab.diff(a, b)) == [
        "moved components.textcat.model spacy.TextCatBOW.v3",
        "swapped components.textcat.model spacy.TextCatEnsemble.v2",
        "added components.tok2vec factory tok2vec",
        "added components.textcat.model.tok2vec spacy.Tok2VecListener.v1",
    ]


@pytest.mark.parametrize(
    ("slot", "block"),
    [
        ("textcat.model", "spacy.TextCatBOW.v3"),
        ("textcat.model.tok2vec.embed", "spacy.CharacterEmbed.v2"),
        ("training.optimizer", "RAdam.v1"),
    ],
)
def test_a_swap_is_seen_as_the_swap_it_was(cli: "Cli", workplace: Path, slot: str, block: str) -> None:
    assert cli("swap", slot, block, "-o", "new.cfg").code == 0
    done = cli("diff", "configs/base.cfg", "new.cfg", "--format", "json")
    data = json.loads(done.out)
    swapped = [change for change in data["blocks"] if change["kind"] == "swapped"]
    assert [(c["new_path"].removeprefix("components."), c["new"]) for c in swapped] == [(slot, block)]
    assert (done.code, data["a"], data["b"]) == (0, "configs/base.cfg", "new.cfg")
    assert data["variant_ids"][0] != data["variant_ids"][1]


def test_a_renamed_component_in_a_file(cli: "Cli", tmp_path: Path) -> None:
    a = quickstart(tmp_path, "efficiency", TOKEN_PIPES)
    text = (
        a.read_text().replace("components.tok2vec", "components.shared").replace('"tok2vec",', '"shared",', 1)
    )
    (tmp_path / "b.cfg").write_text(text)
    done = cli("diff", a, tmp_path / "b.cfg")
    assert done.code == 0
    assert (
        done.out
        == f"{a} and {tmp_path / 'b.cfg'} differ: 1 component renamed.\n\nrenamed  tok2vec -> shared\n"
    )


@pytest.mark.usefixtures("workplace")
def test_a_config_equals_its_filled_self_and_overrides_hold_for_both(cli: "Cli") -> None:
    assert cli("swap", "textcat.model", "spacy.TextCatEnsemble.v2", "-o", "filled.cfg").code == 0
    assert cli("diff", "configs/base.cfg", "filled.cfg").out == "configs/base.cfg and filled.cfg are equal.\n"
    Path("other.cfg").write_text(Path("filled.cfg").read_text().replace("dropout = 0.1", "dropout = 0.2"))
    assert "dropout = 0.1 -> 0.2" in cli("diff", "filled.cfg", "other.cfg").out
    assert "are equal" in cli("diff", "filled.cfg", "other.cfg", "--training.dropout", 0.3).out
    assert "are equal" in cli("diff", "filled.cfg", "filled.cfg").out


@pytest.mark.usefixtures("workplace")
def test_the_seed_and_a_comment_make_no_other_variant(cli: "Cli") -> None:
    base = Path("configs/base.cfg").read_text(encoding="utf8")
    Path("seed.cfg").write_text("# mine\n" + base.replace("\nseed = 0", "\nseed = 7"), encoding="utf8")
    done = cli("diff", "configs/base.cfg", "seed.cfg")
    assert "are the same variant: 1 setting." in done.out
    assert "  seed = 0 -> 7" in done.out


@pytest.mark.usefixtures("workplace")
@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        ("configs/base.cfg", 2, "Missing argument 'B'"),
        ("configs/base.cfg missing.cfg", 3, "There is no config missing.cfg"),
        ("configs/base.cfg configs/sweep.yml", 3, "is a sweep, not a config"),
        ("configs/base.cfg configs", 3, "configs cannot be read"),
        ("configs/base.cfg broken.cfg", 3, "broken.cfg:1: a value stands before"),
        ("configs/base.cfg configs/base.cfg broken.cfg", 2, "Two configs are compared at a time"),
        (
            "configs/base.cfg configs/base.cfg --training.x 1",
            3,
            "configs/base.cfg: The config has no setting training.x",
        ),
        ("configs/base.cfg configs/base.cfg --base x.cfg", 2, "There is no option --base"),
        ("configs/base.cfg configs/base.cfg --code missing.py", 3, "missing.py"),
    ],
)
def test_bad_input_is_said(cli: "Cli", arguments: str, code: int, message: str) -> None:
    Path("broken.cfg").write_text("x = 1\n")
    done = cli("diff", *arguments.split())
    assert done.code == code
    assert message in done.err
    assert "Traceback" not in done.err
