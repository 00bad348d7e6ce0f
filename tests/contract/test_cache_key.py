"""archlab cache-key: another key exactly when the results of the sweep would be others."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from archlab.configs import fingerprints

if TYPE_CHECKING:
    from conftest import Cli

SWEEP = """
base: configs/base.cfg
seeds: 2
swaps:
  textcat.model: [base, spacy.TextCatBOW.v3]
overrides:
  training.dropout: [0.1, 0.2]
"""


@pytest.fixture
def sweep(workplace: Path) -> Path:
    path = workplace / "intents.yml"
    path.write_text(SWEEP, encoding="utf8")
    return path


def key(cli: "Cli", *arguments: object) -> str:
    done = cli("cache-key", *arguments)
    assert (done.code, done.err, done.out.count("\n")) == (0, "", 1), done.err
    return done.out.strip()


def test_it_is_one_line_that_begins_with_the_name_of_the_sweep(cli: "Cli", sweep: Path) -> None:
    name, _, digits = key(cli, sweep).rpartition("-")
    assert name == "archlab-intents"
    assert len(digits) == 12


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("[base, spacy.TextCatBOW.v3]", "[spacy.TextCatBOW.v3, base]"),
        ("seeds: 2", "seeds: [1, 0]"),
        ("seeds: 2", "seeds: 2  # two are few"),
        ("seeds: 2", "seeds: 2\nscore: cats_micro_f"),
        ("seeds: 2", "seeds: 2\nkeep_models: none"),
        ("seeds: 2", "seeds: 2\ntable: {columns: training.dropout}"),
        ("  training.dropout:", "  vars.train_size: 800\n  training.dropout:"),  # what the base has
    ],
)
def test_it_stays_where_no_result_would_change(cli: "Cli", sweep: Path, before: str, after: str) -> None:
    was = key(cli, sweep)
    sweep.write_text(SWEEP.replace(before, after), encoding="utf8")
    assert key(cli, sweep) == was


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("TextCatBOW.v3", "TextCatReduce.v1"),
        ("seeds: 2", "seeds: 3"),
        ("[0.1, 0.2]", "[0.1, 0.3]"),
        ("[0.1, 0.2]", "0.1"),
        ("seeds: 2", "seeds: 2\nlimits: {max_steps: 7}"),
    ],
)
def test_it_changes_with_the_sweep(cli: "Cli", sweep: Path, before: str, after: str) -> None:
    was = key(cli, sweep)
    sweep.write_text(SWEEP.replace(before, after), encoding="utf8")
    assert key(cli, sweep) != was


def test_it_changes_with_base_overrides_code_and_versions(
    cli: "Cli", sweep: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = sweep.with_name("blocks.py")
    code.write_text("# nothing yet\n", encoding="utf8")
    keys = [key(cli, sweep), key(cli, sweep, "--code", code), key(cli, sweep, "--training.max_steps", 7)]
    code.write_text("# still nothing\n", encoding="utf8")
    keys.append(key(cli, sweep, "--code", code))
    base = sweep.parent / "configs" / "base.cfg"
    base.write_text(base.read_text("utf8").replace("max_steps = 125", "max_steps = 126"), encoding="utf8")
    keys.append(key(cli, sweep))
    newer = {**fingerprints.installed_versions(), "spacy": "3.99.0"}
    monkeypatch.setattr(fingerprints, "installed_versions", lambda: newer)
    keys.append(key(cli, sweep))
    assert len(set(keys)) == len(keys)


def test_data_counts_by_what_it_holds_not_by_where_it_lies(cli: "Cli", sweep: Path) -> None:
    words = sweep.with_name("words.jsonl")
    words.write_text("{}\n", encoding="utf8")
    was = key(cli, sweep, "--initialize.vocab_data", words)
    elsewhere = words.rename(sweep.with_name("elsewhere.jsonl"))
    assert key(cli, sweep, "--initialize.vocab_data", elsewhere) == was
    elsewhere.write_text('{"lang": "en"}\n', encoding="utf8")
    assert key(cli, sweep, "--initialize.vocab_data", elsewhere) != was


def test_what_is_rejected_has_no_runs_and_no_part(cli: "Cli", sweep: Path) -> None:
    was = key(cli, sweep)
    sweep.write_text(SWEEP.replace("v3]", "v3, spacy.Tagger.v2]"), encoding="utf8")
    done = cli("cache-key", sweep)
    assert (done.code, done.out.strip()) == (0, was)
    assert done.err == f"left out: 2 rejected variants, without runs. Why: archlab check {sweep}\n"


def test_what_cannot_be_planned_has_no_key(cli: "Cli", sweep: Path) -> None:
    sweep.write_text(SWEEP.replace("seeds: 2", "seeds: 2\ncode: blocks.py"), encoding="utf8")
    needs_code = cli("cache-key", sweep)
    assert (needs_code.code, needs_code.out) == (3, "")
    assert f"--code {sweep.with_name('blocks.py')}" in needs_code.err
    missing = cli("cache-key", "no.yml")
    assert (missing.code, missing.out, missing.err) == (3, "", "error  There is no sweep no.yml.\n")
    slip = cli("cache-key", sweep, "--cod", "x")
    assert (slip.code, slip.err) == (2, "error  There is no option --cod.\n       Did you mean --code?\n")
