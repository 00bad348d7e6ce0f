"""What others wrote acts on no terminal: escapes are fed in wherever text comes in, and none comes out."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from terminals import Terminal

from archlab.cli.live import LiveDisplay
from archlab.engines.base import Event
from archlab.engines.progress import Progress
from archlab.plain import odd_character
from archlab.records import Cost, Environment, Fingerprints, Reason, Result, RunSpec, Seconds
from archlab.results.files import write_json
from archlab.results.paths import SweepPaths
from archlab.results.tables import Layout, Place

if TYPE_CHECKING:
    from conftest import Cli, Finished

OWNED = "\x1b]0;owned\x07\x1b[41;5m\x9b2J\x7f\u202e"
"""Sets a title, blinks in red, clears the screen by a C1 control, turns the direction of text."""

WRITTEN = json.dumps(OWNED)[1:-1].replace("\x7f", "\\u007f")
"""The same, as a config and YAML may write it."""

RESULT = Result(
    run_id="aaaaaaaaaaaa",
    variant_id="bbbbbbbbbbbb",
    variant=f"BOW{OWNED}",
    swaps={f"textcat.model{OWNED}": OWNED},
    seed=0,
    status="done",
    reason=None,
    score=0.5,
    score_name=f"f{OWNED}",
    scores={f"f{OWNED}": 0.5, f"g{OWNED}": 0.5},
    best_step=10,
    steps=10,
    epochs=1,
    cost=Cost(parameters=1000, words_per_second=50.0, seconds=Seconds(total=2.0)),
    environment=Environment(),
    fingerprints=Fingerprints(config="c", data="d", code="e", versions="v"),
    started=None,
    finished=None,
    attempt=1,
)


def require_plain(*done: "Finished") -> None:
    for ended in done:
        said = f"exit code {ended.code}\n{ended.out}\n--- stderr\n{ended.err}"
        assert odd_character(ended.out) is None, said
        assert odd_character(ended.err) is None, said


def make_store(folder: Path) -> None:
    """A store that somebody else has written: escapes in every text of it."""
    failed = replace(
        RESULT,
        run_id="cccccccccccc",
        status="failed",
        reason=Reason(kind=f"error{OWNED}", message=f"no{OWNED}"),
        score=None,
        scores={},
    )
    paths = SweepPaths.of("taken", folder / "experiments")
    places = (
        Place(row=f"BOW{OWNED}", column=f"easy{OWNED}", variant_id="b", run_ids=(RESULT.run_id,)),
        Place(row=f"Reduce{OWNED}", column=f"easy{OWNED}", variant_id="c", run_ids=(failed.run_id,)),
        Place(row=f"Tagger{OWNED}", column=f"easy{OWNED}", variant_id=None, run_ids=(), rejected=OWNED),
    )
    layout = Layout(
        sweep=f"taken{OWNED}",
        score_name=f"f{OWNED}",
        places=places,
        scores_beside=(f"g{OWNED}", f"h{OWNED}"),
    )
    write_json(paths.plan, layout.to_dict())
    for result in (RESULT, failed):
        write_json(paths.run(result.run_id).result, result.to_dict())
        paths.run(result.run_id).log.write_text(f"a line{OWNED}\n{OWNED}\r\nthe last{OWNED}", encoding="utf8")


@pytest.mark.parametrize(
    "options",
    [
        (),
        *(("--format", name) for name in ("json", "csv", "markdown", "latex")),
        *((option, f"x{OWNED}") for option in ("--scores", "--sort", "--hide", "--columns")),
    ],
)
def test_a_store_of_somebody_else(cli: "Cli", workplace: Path, options: tuple[str, ...]) -> None:
    make_store(workplace)
    done = cli("table", *options)
    require_plain(done)
    assert done.code == (0 if not options or "--format" in options else 2)
    if "json" in options:
        assert json.loads(done.out)["score_name"] == f"f{OWNED}"


def test_its_runs_and_logs_and_what_could_go(cli: "Cli", workplace: Path) -> None:
    make_store(workplace)
    logs = cli("logs", "cccc")
    assert "the last0;owned" in logs.out
    require_plain(
        logs,
        cli("runs"),
        cli("runs", "--format", "json"),
        cli("runs", OWNED),
        cli("logs", f"BOW{OWNED}"),
        cli("logs", OWNED),
        cli("gc", "--dry-run"),
        cli("gc", OWNED),
    )


def test_a_store_whose_plan_is_lost(cli: "Cli", workplace: Path) -> None:
    make_store(workplace)
    SweepPaths.of("taken").plan.unlink()
    require_plain(cli("table"))
    (workplace / "experiments" / f"other{OWNED}").mkdir()
    require_plain(cli("table"), cli("table", "takn"), cli("table", OWNED))


def test_configs_with_names_settings_and_comments_of_escapes(cli: "Cli", workplace: Path) -> None:
    base = (workplace / "configs" / "base.cfg").read_text(encoding="utf8")
    setting = base.replace('task = "keywords"', f'task = "keywords{WRITTEN}"')
    block = base.replace("spacy.MultiHashEmbed.v2", f"spacy.Multi{WRITTEN}.v2")
    key = base.replace("[vars]", f"[vars]\n# {OWNED}\nodd{OWNED.replace(chr(0x1B), '')} = 1", 1)
    for name, text in {"setting": setting, "block": block, "key": key, "none": f"{OWNED}="}.items():
        (workplace / f"{name}.cfg").write_text(text, encoding="utf8")
    for name in ("setting", "block", "key", "none"):
        file = f"{name}.cfg"
        require_plain(
            cli("check", file),
            cli("check", file, "--format", "github"),
            cli("check", file, "--format", "json"),
            cli("diff", "configs/base.cfg", file),
            cli("slots", "--base", file),
            cli("swap", "textcat.model", "spacy.TextCatBOW.v3", "--explain", "--base", file),
            cli("swap", "textcat.model", f"spacy.TextCatBOW{OWNED}", "--base", file),
            cli("swap", f"textcat.model{OWNED}", "spacy.TextCatBOW.v3", f"a{OWNED}={OWNED}"),
            cli("train", file, f"--vars.task{OWNED}", OWNED),
        )


def test_a_config_for_another_program_is_handed_over_as_it_is(cli: "Cli", workplace: Path) -> None:
    base = (workplace / "configs" / "base.cfg").read_text(encoding="utf8")
    (workplace / "odd.cfg").write_text(base.replace('"keywords"', '"keywords\x9b"'), encoding="utf8")
    command = ("swap", "textcat.model", "spacy.TextCatBOW.v3", "--base", "odd.cfg", "-o")
    assert cli(*command, "bow.cfg").code == 0
    assert cli(*command, "-").out == (workplace / "bow.cfg").read_text(encoding="utf8")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f'base: configs/base.cfg\nvariants:\n  "wide{WRITTEN}": {{textcat.model: x}}\n', "odd.yml:3: "),
        (f'base: configs/base.cfg\nswaps:\n  textcat.model:\n    - "{WRITTEN}"\n', "odd.yml:4: "),
        ('base: configs/base.cfg\nscore: "f\\x9b"\n', "odd.yml:2: there is a control character, \\x9b"),
        ('base: configs/base.cfg\nscore: "f\\N\\u202e"\n', "odd.yml:2: there is a control character, \\x85"),
        (
            "base: configs/base.cfg\nscore: f\u202eg\n",
            "odd.yml:2: there is a control character, \\u202e",
        ),
        ("base: configs/base.cfg\nscore: f\x1b[31m\n", "odd.yml:2: there is a control character, \\x1b"),
    ],
)
def test_a_sweep_with_escapes_is_refused(cli: "Cli", workplace: Path, text: str, said: str) -> None:
    (workplace / "odd.yml").write_text(text, encoding="utf8")
    for done in (cli("grid", "odd.yml"), cli("check", "odd.yml", "--format", "github")):
        require_plain(done)
        assert done.code == 3
        assert said in done.err or said in done.out
    assert not (workplace / "experiments").exists()


def test_code_that_raises_and_files_that_are_named_so(cli: "Cli", workplace: Path) -> None:
    code = workplace / f"code{OWNED}.py"
    code.write_text(f"raise ValueError({OWNED!r})", encoding="utf8")
    require_plain(
        cli("slots", "--code", code),
        cli("slots", "--code", f"none{OWNED}.py"),
        cli("slots", "--base", f"none{OWNED}.cfg"),
        cli("grid", f"none{OWNED}.yml"),
        cli("check", f"none{OWNED}.cfg", "--format", "github"),
    )


def test_bytes_that_are_no_text(cli: "Cli") -> None:
    require_plain(cli("slots", "--base", os.fsdecode(b"odd\xff\x1b.cfg")))


ODD_BLOCKS = f"""
import spacy

@spacy.registry.architectures("odd{WRITTEN}.v1")
def odd(width: int):
    '''Odd {WRITTEN}.'''
    raise ValueError({OWNED!r})
"""


def test_a_terminal_gets_nothing_but_colours(workplace: Path) -> None:
    """Names of --code blocks, and what their making raises; a store of somebody else: in a real terminal."""
    make_store(workplace)
    (workplace / "odd.py").write_text(ODD_BLOCKS, encoding="utf8")
    swap = ["swap", "textcat.model", f"odd{OWNED}.v1", "width=3", "--code", "odd.py"]
    shown = in_terminal(["fits", "textcat.model", "--all", "--code", "odd.py"], swap, ["table"])
    assert "odd" in shown
    assert "\x1b[" in shown  # colours
    require_no_act(shown)


@pytest.mark.parametrize("columns", ["40", "120"])
def test_the_live_view_has_nothing_but_colours(monkeypatch: pytest.MonkeyPatch, columns: str) -> None:
    """Labels, devices and reasons of runs, and what the table says of them: in a real terminal."""
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", columns)
    spec = RunSpec(
        run_id="a",
        variant_id="b",
        variant=f"B{OWNED}\nW",
        sweep="demo",
        settings={},
        seed=0,
        device=f"c{OWNED}",
        gpu_id=-1,
        code=[],
        score_name="f",
        fingerprints=RESULT.fingerprints,
    )
    failed = replace(RESULT, status="failed", reason=Reason(kind=f"error{OWNED}", message=f"no{OWNED}"))
    place = Place(row=f"base R{OWNED}\nS", column=f"x{OWNED}", variant_id="b", run_ids=("c", "d"))
    layout = Layout(sweep="demo", score_name=f"f{OWNED}", places=(place,))
    progress = Progress(2, layout, {"d": replace(RESULT, run_id="d")})
    with (
        Terminal() as terminal,
        terminal.path.open("w", encoding="utf8") as stream,
        LiveDisplay(stream, lambda: progress) as display,
    ):
        display(Event(kind="started", spec=spec))
        display(Event(kind="evaluated", spec=spec, step=1, max_steps=2, score=0.5))
        display.live.refresh()
        display(Event(kind="ended", spec=spec, result=failed))
    for told in ("B0;owned W", "no0;owned", "base R0;owned S"):
        assert told in terminal.text
    require_no_act(terminal.text)


def require_no_act(shown: str) -> None:
    for act in ("\x1b]", "\x07", "\x1b[41;5m", "\x9b", "\x7f", "\u202e", "\x1b[2J"):
        assert act not in shown


def in_terminal(*commands: list[str]) -> str:
    """What commands write to a terminal, on stdout and stderr; all in one process, to import once."""
    import pty

    run = (
        f"import sys\nfrom archlab.cli.app import main\nfor command in {commands!r}:\n"
        "    sys.argv = ['archlab', *command]\n    try: main()\n    except SystemExit: pass\n"
    )
    ours, its = pty.openpty()
    environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "120"}
    process = subprocess.Popen(
        [sys.executable, "-c", run], stdin=its, stdout=its, stderr=its, env=environment
    )
    os.close(its)
    written = b""
    try:
        while chunk := os.read(ours, 65536):
            written += chunk
    except OSError:  # the other end is closed
        pass
    finally:
        os.close(ours)
        process.wait(60)
    return written.decode("utf8")
