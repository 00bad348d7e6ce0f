"""Commands as people type them: what they print where, and how they end."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import archlab
from archlab.configs.loading import load_config

if TYPE_CHECKING:
    from conftest import Cli

QUICK = ("--training.max_steps", "4", "--training.eval_frequency", "2", "--vars.train_size", "40")


def test_the_swap_of_the_readme_shows_a_diff_and_what_to_type_next(cli: "Cli", workplace: Path) -> None:
    done = cli("swap", "textcat.model", "spacy.TextCatBOW.v1")
    assert done.code == 0
    assert '+ @architectures = "spacy.TextCatBOW.v1"' in done.out
    assert "fits     Model[List[Doc], Floats2d]" in done.out
    assert "Train it:  archlab swap textcat.model spacy.TextCatBOW.v1 --train" in done.err
    assert list(workplace.iterdir()) == [workplace / "configs"], "nothing is written"


def test_the_new_config_is_written_whole_and_never_over_another(cli: "Cli", workplace: Path) -> None:
    before = (workplace / "configs" / "base.cfg").read_bytes()
    swap = ("swap", "textcat.model", "spacy.TextCatBOW.v3", "ngram_size=2")
    assert cli(*swap, "-o", "bow.cfg").code == 0
    written = load_config("bow.cfg")
    assert written["components"]["textcat"]["model"]["ngram_size"] == 2
    refused = cli(*swap, "-o", "bow.cfg")
    assert (refused.code, "Add --force" in refused.err) == (3, True)
    assert cli(*swap, "-o", "bow.cfg", "--force").code == 0
    base = cli(*swap, "-o", "configs/base.cfg", "--force")
    assert (base.code, "the base, which is never changed" in base.err) == (3, True)
    unwritable = cli(*swap, "-o", "configs/base.cfg/new.cfg")
    assert (unwritable.code, "cannot be written" in unwritable.err) == (3, True)
    assert (workplace / "configs" / "base.cfg").read_bytes() == before


def test_a_config_on_stdout_is_alone_there(cli: "Cli", workplace: Path) -> None:
    done = cli("swap", "textcat.model", "spacy.TextCatBOW.v3", "-o", "-")
    (workplace / "piped.cfg").write_text(done.out)
    assert (
        load_config("piped.cfg")["components"]["textcat"]["model"]["@architectures"] == "spacy.TextCatBOW.v3"
    )


@pytest.mark.usefixtures("workplace")
class TestSlips:
    """Each gets one message with the place and the mend, and the right exit code."""

    @pytest.mark.parametrize(
        ("command", "code", "said"),
        [
            ("swap textcat.modle spacy.TextCatBOW.v3", 2, "Did you mean textcat.model?"),
            ("swap textcat.model spacy.TextCatBWO.v3", 2, "Did you mean spacy.TextCatBOW.v3?"),
            ("swap textcat.model spacy.TextCatBOW.v3 ngram_sise=2", 3, "Did you mean ngram_size?"),
            ("swap textcat.model spacy.TextCatBOW.v3 ngram_size", 2, "arguments of the block as key=value"),
            ("swap textcat.model spacy.TextCatBOW.v3 --trian", 2, "Did you mean --train?"),
            ("swap textcat.model", 2, "No block is named for textcat.model"),
            ("swap textcat.model spacy.TextCatBOW.v3 block=1", 3, "has no argument block"),
            ("swap textcat.model spacy.TextCatBOW.v3 -o configs", 3, "configs is a folder"),
            ("swap textcat.model spacy.TextCatBOW.v3 -o - --format json", 2, "both want stdout"),
            ("swap textcat.model.tok2vec.embed.width 128", 2, "is a setting, not a slot"),
            ("slots configs/base.cfg", 2, "Name a config with --base configs/base.cfg"),
            ("slots --max_steps 5", 2, "--training.max_steps 100"),
            ("slots --paths.train x.spacy", 3, "Nothing in the config uses paths.train"),
            ("slots --paths.trian x.spacy", 3, "Did you mean train?"),
            ("slots --nlp.pipeline textcat", 3, "nlp.pipeline is no list of names"),
            ("grid configs/base.cfg", 3, "is a config, not a sweep"),
            ("train configs/sweep.yml", 3, "is a sweep, not a config"),
            ("grid configs/sweep.yml --vars.task spelling", 2, "sets vars.task itself"),
            ("grid configs/sweep.yml --training.seed 3", 2, "set by the sweep's `seeds`"),
            ("grid configs/sweep.yml --dry-run --engine loacl", 2, "Did you mean local?"),
            ("swap textcat.model spacy.TextCatBOW.v3 -b none.cfg", 3, "There is no config none.cfg."),
            ("swap textcat.model spacy.TextCatBOW.v3 --training.max_stepz 3", 3, "Did you mean max_steps?"),
            ("swap textcat.model spacy.TextCatBOW.v3 --code none.py", 3, "There is no file none.py"),
            ("swap textcat.model spacy.TextCatBOW.v3 --train -g 0", 3, "--gpu-id 0"),
            ("check none.cfg", 3, "There is no config none.cfg."),
            ("check configs/base.cfg --level typ", 2, "the levels are types, build, probe"),
            ("grid none.yml", 3, "There is no sweep none.yml."),
            ("grid configs/sweep.yml -g 0", 3, "--gpu-id 0"),
            ("grid configs/sweep.yml --engine loacl", 2, "Did you mean local?"),
            ("grid configs/sweep.yml --jobs 0", 2, "--jobs"),
            ("grid configs/sweep.yml surplus", 2, "Unexpected argument surplus"),
            ("train configs/base.cfg -o configs/base.cfg", 3, "cannot be written"),
            ("table", 5, "Train some: archlab grid"),
            ("tabel", 2, "No such command"),
        ],
    )
    def test_slip(self, cli: "Cli", workplace: Path, command: str, code: int, said: str) -> None:
        done = cli(*command.split())
        assert (done.code, said in done.err) == (code, True), done.err
        assert done.out == ""
        assert "Traceback" not in done.err
        assert sorted(path.name for path in workplace.iterdir()) == ["configs"], "nothing is left behind"


@pytest.mark.usefixtures("workplace")
def test_a_swap_that_does_not_fit_ends_with_3_and_trains_nothing(cli: "Cli", workplace: Path) -> None:
    done = cli("swap", "textcat.model", "spacy.Tagger.v2", "--train", "-o", "new.cfg")
    assert done.code == 3
    assert "What fits by type: spacy.TextCat" in done.err
    assert not (workplace / "new.cfg").exists()
    assert not (workplace / "experiments").exists()


@pytest.mark.slow
def test_swap_train_compares_base_and_variant(cli: "Cli", workplace: Path) -> None:
    done = cli("swap", "textcat.model", "spacy.TextCatBOW.v3", "--train", *QUICK)
    assert done.code == 0
    lines = [line.split() for line in done.out.splitlines() if line]
    assert [line[0] for line in lines[3:]] == ["base", "TextCatBOW.v3"]
    assert "done" in done.err
    again = cli("swap", "textcat.model", "spacy.TextCatBOW.v3", "--train", "--format", "json", *QUICK)
    rows = json.loads(again.out)["rows"]
    assert [row["variant"] for row in rows] == ["base TextCatEnsemble.v2", "TextCatBOW.v3"]
    assert rows[1]["cells"][0]["difference"] is not None
    assert "started" not in again.err, "both are known"
    assert cli("table").out == done.out
    beside = cli("table", "--scores", "cats_macro_f").out
    assert "cats_macro_f" in beside.splitlines()[3]
    unknown = cli("table", "--scores", "cats_makro_f")
    assert (unknown.code, "Did you mean cats_macro_f?" in unknown.err) == (2, True)
    assert not (workplace / "configs" / "base.cfg.bak").exists()


@pytest.mark.slow
def test_a_base_without_a_model_section_works_like_a_filled_one(cli: "Cli", workplace: Path) -> None:
    text = (workplace / "configs" / "base.cfg").read_text()
    start, end = text.index("[components.textcat.model]"), text.index("[corpora]")
    (workplace / "bare.cfg").write_text(text[:start] + text[end:])
    assert "components.textcat.model" not in (workplace / "bare.cfg").read_text()
    shown = cli("swap", "textcat.model", "spacy.TextCatBOW.v1", "-b", "bare.cfg")
    assert shown.code == 0
    assert "carried over from linear_model" in shown.out
    trained = cli("swap", "textcat.model", "spacy.TextCatBOW.v1", "-b", "bare.cfg", "--train", "-q", *QUICK)
    assert trained.code == 0
    assert trained.err == ""
    assert len(trained.out.splitlines()) == 6


@pytest.mark.usefixtures("workplace")
def test_plans_and_slots_and_checks_come_as_json(cli: "Cli") -> None:
    planned = json.loads(cli("grid", "configs/sweep.yml", "--dry-run", "--format", "json").out)
    assert len(planned["variants"]) == 15
    assert not any(run["known"] for variant in planned["variants"] for run in variant["runs"])
    slots = json.loads(cli("slots", "--format", "json").out)
    assert {"path", "registry", "block", "expects"} <= set(slots[0])
    checked = json.loads(cli("check", "configs/sweep.yml", "--format", "json").out)
    assert checked["ok"]
    assert [finding["severity"] for finding in checked["findings"]] == ["note"]  # of TextCatBOW.v1
    swapped = json.loads(cli("swap", "textcat.model", "spacy.TextCatBOW.v1", "--format", "json").out)
    assert swapped["report"]["ok"] is True


@pytest.mark.usefixtures("workplace")
def test_overrides_from_the_environment_are_said_and_not_obeyed(
    cli: "Cli", monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = cli("grid", "configs/sweep.yml", "--dry-run")
    monkeypatch.setenv("SPACY_CONFIG_OVERRIDES", "--training.max_steps 3")
    done = cli("grid", "configs/sweep.yml", "--dry-run")
    assert "SPACY_CONFIG_OVERRIDES is set and not obeyed" in done.err
    assert done.out == plain.out


@pytest.mark.usefixtures("workplace")
def test_a_sweep_that_needs_code_imports_nothing_unasked(cli: "Cli", workplace: Path) -> None:
    (workplace / "blocks.py").write_text("raise SystemError('imported')")
    (workplace / "s.yml").write_text("base: configs/base.cfg\ncode: blocks.py\n")
    done = cli("grid", "s.yml")
    assert done.code == 3
    assert "s.yml:2: the sweep needs code" in done.err
    assert "--code blocks.py" in done.err


@pytest.mark.usefixtures("workplace")
def test_strict_stops_before_training(cli: "Cli", workplace: Path) -> None:
    text = "base: configs/base.cfg\nswaps:\n  textcat.model: [base, spacy.Tagger.v2]\n"
    (workplace / "s.yml").write_text(text)
    done = cli("grid", "s.yml", "--strict")
    assert done.code == 3
    assert "Nothing was trained: what does not fit is Tagger.v2." in done.err
    assert not (workplace / "experiments").exists()


def test_the_command_itself_starts_light() -> None:
    code = (
        "import sys; from archlab.cli.app import main\n"
        "sys.argv = ['archlab', '--help']\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print([name for name in ('spacy', 'torch', 'pydantic', 'rich.table') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_the_installed_command_and_the_module_are_the_same(tmp_path: Path) -> None:
    installed = Path(sys.executable).with_name("archlab")
    environment = {key: value for key, value in os.environ.items() if key != "SPACY_CONFIG_OVERRIDES"}
    for command in ([str(installed)], [sys.executable, "-m", "archlab"]):
        done = subprocess.run(
            [*command, "--version"],
            capture_output=True,
            text=True,
            cwd=tmp_path,
            env=environment,
            check=False,
        )
        assert (done.returncode, done.stdout, done.stderr) == (0, f"archlab {archlab.__version__}\n", "")
