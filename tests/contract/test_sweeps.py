"""Sweep files: what they may say, and what is said of those that cannot be read."""

from pathlib import Path

import pytest

from archlab.errors import SweepError
from archlab.planning.sweeps import Choice, Sweep, load_sweep

GOOD = """
base: base.cfg
score: cats_micro_f
seeds: [3, 5]
swaps:
  textcat.model:
    - base
    - spacy.TextCatBOW.v3
    - spacy.TextCatBOW.v1: {ngram_size: 2}
    - "@architectures": spacy.TextCatReduce.v1
      use_reduce_max: true
overrides:
  training.dropout: [0.1, 0.2]
  training.patience: 0
limits: {max_steps: 40, minutes: 1.5, memory_gb: 4}
code: blocks.py
"""


def write(folder: Path, text: str, name: str = "some sweep.yml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf8")
    return path


def refused(folder: Path, text: str) -> str:
    with pytest.raises(SweepError) as error:
        load_sweep(write(folder, text))
    return str(error.value).replace(f"{folder}/", "")


def test_a_sweep_says_what_the_design_says(tmp_path: Path) -> None:
    sweep = load_sweep(write(tmp_path, GOOD))
    assert sweep.name == "some-sweep"
    assert sweep.base == tmp_path / "base.cfg"
    assert sweep.file.seeds == [3, 5]
    assert sweep.swaps["textcat.model"] == [
        Choice(None, {}),
        Choice("spacy.TextCatBOW.v3", {}),
        Choice("spacy.TextCatBOW.v1", {"ngram_size": 2}),
        Choice({"@architectures": "spacy.TextCatReduce.v1", "use_reduce_max": True}, {}),
    ]
    assert [choice.label for choice in sweep.swaps["textcat.model"]] == [
        "base",
        "TextCatBOW.v3",
        "TextCatBOW.v1(ngram_size=2)",
        "TextCatReduce.v1(use_reduce_max=True)",
    ]
    assert sweep.settings == {
        "training.dropout": [0.1, 0.2],
        "training.patience": [0],
        "training.max_steps": [40],
    }
    assert sweep.cells == 4 * 2 * 2
    assert sweep.file.code == ["blocks.py"]


def test_a_number_of_seeds_counts_from_zero_and_one_is_the_default(tmp_path: Path) -> None:
    assert load_sweep(write(tmp_path, "base: b.cfg\nseeds: 3")).file.seeds == [0, 1, 2]
    assert load_sweep(write(tmp_path, "base: b.cfg")).file.seeds == [0]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "holds no sweep"),
        ("- a\n- b\n", "holds no sweep"),
        ("seeds: 2\n", ":1: the sweep has no base."),
        ("base: b.cfg\nswap:\n  a: [base]\n", ":2: a sweep has no key swap.\nDid you mean swaps?"),
        (
            "base: b.cfg\nlimits: {max_step: 3}\n",
            ":2: a sweep has no key limits.max_step.\nDid you mean max_steps?",
        ),
        ("base: b.cfg\nswaps:\n  a: [b\nc: d\n", ":4: did not find expected ',' or ']'."),
        ("base: b.cfg\nbase: c.cfg\n", ":2: the key 'base' is there twice."),
        ("base: b.cfg\nseeds: three\n", ":2: seeds: seeds are a number, or a list of numbers."),
        ("base: b.cfg\noverrides:\n  training.dropout: .nan\n", ":3: a value is nan"),
        ("base: b.cfg\noverrides:\n  nlp.lang: [en, de]\n", ":3: nlp.lang is no setting to vary"),
        ("base: b.cfg\nname: adhoc\n", ":2: the name adhoc is kept"),
        (
            "base: b.cfg\nlimits: {max_steps: 4}\noverrides: {training.max_steps: [2, 6]}\n",
            ":2: max_steps is set twice",
        ),
        ("base: b.cfg\nseeds: 0\n", ":2: seeds must be a number above 0"),
        ("base: b.cfg\nseeds: [1, 1]\n", "different seeds"),
        ("base: b.cfg\nseeds: [-1]\n", ":2: seeds.0"),
        ("base: b.cfg\nseeds: 1000000000\n", ":2: seeds: 1,000,000,000 seeds are more than 10,000."),
        ("base: b.cfg\nswaps:\n  a.model:\n    - base\n    - [1]\n", ":5: a choice is base, a name"),
        ("base: b.cfg\nswaps:\n  a.model: []\n", ":3: a.model has no choices."),
        ("base: b.cfg\noverrides:\n  training.seed: [1, 2]\n", ":3: training.seed is set by `seeds`"),
        ("base: b.cfg\nvariants:\n  x: {system.seed: 1}\n", "system.seed is set by `seeds`"),
        ("base: b.cfg\nvariants:\n  base: {a.model: b}\n", "a variant cannot be called 'base'"),
        ("base: b.cfg\ntable: {columns: vars.task}\n", ":2: vars.task is no axis of this sweep."),
        ("base: b.cfg\ntable: {scores: cats_micro_p}\n", ":2: table.scores: "),
        ("base: b.cfg\nname: ../up\n", ":2: name"),
        ("base: !!python/name:os.system x\n", ":1: a sweep has no values of the kind python/name:os.system"),
        ("base: b.cfg\nkeep_models: some\n", ":2: keep_models"),
    ],
)
def test_what_cannot_be_is_told_with_its_line_and_the_mend(tmp_path: Path, text: str, said: str) -> None:
    assert said in refused(tmp_path, text)


def test_a_grid_that_is_too_large_is_refused_before_it_is_made(tmp_path: Path) -> None:
    axes = "\n".join(f"  training.x{n}: [{', '.join(map(str, range(100)))}]" for n in range(5))
    assert "asks for 10,000,000,000 runs" in refused(tmp_path, f"base: b.cfg\noverrides:\n{axes}\n")


def test_yaml_bombs_are_refused(tmp_path: Path) -> None:
    rows = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    rows += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 15)}]" for n in range(1, 9)]
    assert "more than 60,000 keys and values" in refused(tmp_path, "\n".join(rows))
    assert "more than 20 levels" in refused(tmp_path, "base: " + "[" * 100 + "]" * 100)
    assert "larger than 1,000,000 bytes" in refused(tmp_path, "#" * 1_000_001)


def test_a_file_that_is_not_there_or_no_text_is_said(tmp_path: Path) -> None:
    with pytest.raises(SweepError, match="There is no sweep"):
        load_sweep(tmp_path / "none.yml")
    (tmp_path / "bytes.yml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SweepError, match=r"UTF-8|cannot be read"):
        load_sweep(tmp_path / "bytes.yml")


def test_a_sweep_knows_where_its_keys_stand(tmp_path: Path) -> None:
    sweep: Sweep = load_sweep(write(tmp_path, GOOD))
    assert sweep.where("swaps", "textcat.model", 2).endswith(":9")
    assert sweep.where("score").endswith(":3")
