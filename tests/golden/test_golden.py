"""What a person reads, compared as text. After a change that is meant: pytest tests/golden --renew-golden."""

import io
import json
import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from compared_runs import a_layout, a_sweep, with_columns
from compared_variants import two_variants, write_dev_corpus
from stored_runs import LABELS, a_store, ended, here, of_every_state

import archlab
from archlab.configs.writing import config_text
from archlab.records import Cost, Environment, Fingerprints, Reason, Result, Seconds
from archlab.reporting.csv_table import csv_table
from archlab.reporting.sheets import Shown
from archlab.reporting.table_pages import latex_table, markdown_table
from archlab.reporting.terminal import make_console, show_diff, show_report, show_slots, show_table
from archlab.results.collection import Results, stored_results
from archlab.results.files import write_json
from archlab.results.paths import SweepPaths
from archlab.results.tables import Layout, Place, Table, make_table

if TYPE_CHECKING:
    from conftest import Cli
    from rich.console import Console

Golden = Callable[[str, str], None]
COMMANDS = [
    "",
    "swap",
    "recipes",
    "slots",
    "fits",
    "diff",
    "matrix",
    "types",
    "check",
    "lint-types",
    "train",
    "grid",
    "cache-key",
    "table",
    "compare",
    "report",
    "regress",
    "runs",
    "watch",
    "logs",
    "gc",
]


def shown(show: Callable[["Console"], None]) -> str:
    stream = io.StringIO()
    show(make_console(stream))
    return re.sub(r" +$", "", stream.getvalue(), flags=re.MULTILINE)


@pytest.mark.parametrize("command", COMMANDS)
def test_help(cli: "Cli", golden: Golden, command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    done = cli(*([command] if command else []), "--help")
    assert done.code == 0
    golden(f"help_{command or 'archlab'}", done.out)


@pytest.mark.parametrize(
    ("name", "slot", "block"),
    [
        ("bow", "textcat.model", "spacy.TextCatBOW.v1"),
        ("reduce", "textcat.model", "spacy.TextCatReduce.v1"),
        ("character", "textcat.model.tok2vec.embed", "spacy.CharacterEmbed.v2"),
        ("optimizer", "training.optimizer", "RAdam.v1"),
        ("misfit", "textcat.model", "spacy.Tagger.v2"),
    ],
)
@pytest.mark.usefixtures("workplace")
def test_swap(golden: Golden, name: str, slot: str, block: str) -> None:
    # a process of its own: blocks that other tests register would be offered here
    command = [str(Path(sys.executable).with_name("archlab")), "swap", slot, block]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    golden(f"swap_{name}", f"exit code {done.returncode}\n{done.stdout}--- stderr\n{done.stderr}")


def test_swap_back_from_a_bag_of_words(workplace: Path, golden: Golden) -> None:
    base = archlab.load_config(workplace / "configs" / "base.cfg")
    bow = archlab.swap(base, "textcat.model", "spacy.TextCatBOW.v3").config
    back = archlab.swap(bow, "textcat.model", "spacy.TextCatEnsemble.v2")
    golden("swap_back", shown(lambda console: show_diff(console, back.diff, back.notes)))


def test_slots(workplace: Path, golden: Golden) -> None:
    base = archlab.load_config(workplace / "configs" / "base.cfg")
    golden("slots", shown(lambda console: show_slots(console, archlab.slots(base))))


@pytest.mark.usefixtures("workplace")
def test_diff(cli: "Cli", golden: Golden) -> None:
    config = archlab.load_config("configs/base.cfg", {"training.dropout": 0.2, "training.max_steps": 250})
    config = archlab.swap(
        config,
        "textcat.model.tok2vec.embed",
        "spacy.CharacterEmbed.v2",
        rows=100,
        nM=16,
        nC=4,
        feature="NORM",
    ).config
    config = archlab.swap(config, "training.optimizer", "RAdam.v1").config
    text = (
        config_text(config)
        .replace("components.textcat", "components.topics")
        .replace('["textcat"]', '["topics"]')
    )
    Path("new.cfg").write_text(
        text.replace("size = 32", "size = ${training.eval_frequency}"), encoding="utf8"
    )
    smaller = archlab.swap(
        archlab.load_config("configs/base.cfg"), "textcat.model", "spacy.TextCatBOW.v3"
    ).config
    Path("bow.cfg").write_text(config_text(smaller), encoding="utf8")
    Path("same.cfg").write_text(
        config_text(smaller)
        .replace("learn_rate = 0.001", "learn_rate = ${vars.rate}")
        .replace("[vars]", "[vars]\nrate = 0.001")
    )
    pairs = [
        ("configs/base.cfg", "new.cfg"),
        ("configs/base.cfg", "bow.cfg"),
        ("bow.cfg", "configs/base.cfg"),
    ]
    shown = [f"$ archlab diff {a} {b}\n{cli('diff', a, b).out}" for a, b in [*pairs, ("bow.cfg", "same.cfg")]]
    golden("diff", "\n".join(shown))


@pytest.mark.usefixtures("workplace")
@pytest.mark.parametrize(("name", "options"), [("", ()), ("_of_base", ("--base", "configs/base.cfg"))])
def test_recipes(cli: "Cli", golden: Golden, name: str, options: tuple[str, ...]) -> None:
    told = cli("recipes", *options).out
    # whether the extra is there or not
    golden(f"recipes{name}", re.sub(r"(?<=^transformer\n)(    .*\n)+", "    ...\n", told, flags=re.MULTILINE))


def test_findings(workplace: Path, golden: Golden) -> None:
    base = archlab.load_config(workplace / "configs" / "base.cfg")
    config = archlab.swap(base, "textcat.model.tok2vec.encode", "spacy.MultiHashEmbed.v2").config
    config["components"]["textcat"]["model"]["linear_model"]["ngram_sise"] = 1
    report = archlab.check(config)
    labelled = replace(report.findings[0], variants=("one", "two", "three", "four", "five"))
    report = replace(report, findings=(labelled, *report.findings[1:]))
    golden("findings", shown(lambda console: show_report(console, report, subject="configs/base.cfg")))


@pytest.mark.usefixtures("workplace")
@pytest.mark.parametrize(("name", "file"), [("config", "base.cfg"), ("sweep", "sweep.yml")])
def test_findings_for_github(cli: "Cli", golden: Golden, name: str, file: str) -> None:
    width = ("--components.textcat.model.tok2vec.encode.width", 32)
    done = cli("check", f"configs/{file}", "--format", "github", "--level", "types", *width)
    golden(f"github_{name}", f"exit code {done.code}\n{done.out}")


@pytest.mark.usefixtures("workplace")
def test_dry_run(cli: "Cli", golden: Golden) -> None:
    done = cli("grid", "configs/sweep.yml", "--dry-run")
    golden("dry_run", re.sub(r"\b[0-9a-f]{12}\b", "<variant id>", done.out))


def a_result(run_id: str, score: float, seed: int) -> Result:
    return Result(
        run_id=run_id,
        variant_id=run_id[0],
        variant=run_id[0],
        swaps={},
        seed=seed,
        status="done",
        reason=None,
        score=score,
        score_name="cats_micro_f",
        scores={"cats_micro_f": score, "score": score},
        best_step=10,
        steps=10,
        epochs=1,
        cost=Cost(parameters=1_310_000, words_per_second=41234.5 + seed, seconds=Seconds(total=12.34)),
        environment=Environment(),
        fingerprints=Fingerprints(config="c", data="d", code="e", versions="v"),
        started=None,
        finished=None,
        attempt=1,
    )


def test_table_with_columns(golden: Golden) -> None:
    rows = {"base TextCatEnsemble.v2": (0.98, 0.96), "TextCatBOW.v1": (0.985, 0.5)}
    places: list[Place] = []
    results: dict[str, Result] = {}
    for row, means in rows.items():
        for column, mean in zip(("keywords", "word_order"), means, strict=True):
            ids = tuple(f"{row[0]}{column[0]}{seed}" for seed in (0, 1))
            places.append(Place(row=row, column=column, variant_id=row, run_ids=ids))
            results |= {run: a_result(run, mean + seed / 100, seed) for seed, run in enumerate(ids)}
    layout = Layout(sweep="demo", score_name="cats_micro_f", places=tuple(places))
    golden("table_columns", shown(lambda console: show_table(console, make_table(layout, results))))


def test_table_with_further_scores(golden: Golden) -> None:
    results = {
        f"{row}{seed}": replace(
            a_result(f"{row}{seed}", 0.5, seed), scores={"f": f, "p": 0.5, "pairs": pairs}
        )
        for row, f, pairs in (("a", 0.48, 248), ("b", 0.45, 1355))
        for seed in (0, 1)
    }
    places = [
        Place(row=row, column=None, variant_id=key, run_ids=(f"{key}0", f"{key}1"))
        for row, key in (("base", "a"), ("all pairs", "b"), ("not yet", "c"))
    ]
    layout = Layout(sweep="relations", score_name="f", places=tuple(places), scores_beside=("p", "pairs"))
    columns = replace(
        layout, places=tuple(replace(place, column=f"on {place.variant_id}") for place in places)
    )
    for name, laid_out in (("table_scores", layout), ("table_scores_columns", columns)):
        table = make_table(laid_out, results)
        golden(name, shown(lambda console, table=table: show_table(console, table)))  # type: ignore[misc]


def test_runs_in_every_state(cli: "Cli", golden: Golden, tmp_path: Path) -> None:
    of_every_state(tmp_path)
    done = cli("runs", "--experiments", tmp_path, "--all")
    today = r"(?<=  )(?!2026-01-02)\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"
    golden("runs", re.sub(r" +$", "", re.sub(today, "<today>", done.out), flags=re.MULTILINE))


def test_a_grid_that_is_watched(cli: "Cli", golden: Golden, tmp_path: Path) -> None:
    write_json(of_every_state(tmp_path).paths.driver, here())
    done = cli("watch", "demo", "--once", "--experiments", tmp_path)
    golden("watch", re.sub(r"\b0:\d\d\b", "0:mm", re.sub(r" +$", "", done.out, flags=re.MULTILINE)))


def test_compare(cli: "Cli", golden: Golden, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_dev_corpus()
    two_variants()
    calls = [("base NER", "wide", "--documents", "3"), ("a0", "b0", "--documents", "0")]
    shown = [f"$ {shlex.join(('archlab', 'compare', *call))}\n{cli('compare', *call).out}" for call in calls]
    Path("dev.spacy").unlink()
    without = cli("compare", "base NER", "wide", "--documents", "1").out
    golden("compare", re.sub(r" +$", "", "\n".join([*shown, "$ rm dev.spacy", without]), flags=re.MULTILINE))


def test_garbage(cli: "Cli", golden: Golden, tmp_path: Path) -> None:
    store = a_store(tmp_path)
    for run_id in LABELS:
        ended(store, run_id, int(run_id[1]) / 10)
    store.paths.attempts.mkdir()
    store.paths.run("a7").folder.rename(store.paths.attempt("a7", 1).folder)
    ended(store, "a7", 0.7)
    done = cli("gc", "--experiments", tmp_path, "--dry-run")
    golden("garbage", done.out.replace(str(tmp_path), "experiments"))


COMPARED = {
    "table_compared": (a_layout(), True),
    "table_compared_one_seed": (a_layout(seeds=1), True),
    "table_compared_seeds_alone": (a_layout(), False),
    "table_compared_columns": (with_columns(), True),
    "table_compared_no_base": (a_layout(variants=["BOW", "Reduce"]), True),
}


def test_table_of_what_is_known_in_part(golden: Golden, tmp_path: Path) -> None:
    """A run without counts per document, and one seed without any."""
    store = a_sweep(tmp_path, a_layout())
    store.paths.run("BOW1").per_doc.unlink()
    golden("table_compared_in_part", shown(lambda c: show_table(c, stored_results("demo", tmp_path).table())))
    a_sweep(tmp_path / "one", a_layout(seeds=1), by_document=False)
    found = stored_results("demo", tmp_path / "one").table()
    golden("table_compared_nothing", shown(lambda console: show_table(console, found)))


@pytest.mark.parametrize("name", COMPARED)
def test_table_of_what_is_known(name: str, golden: Golden, tmp_path: Path) -> None:
    layout, by_document = COMPARED[name]
    a_sweep(tmp_path, layout, by_document=by_document)
    golden(name, shown(lambda console: show_table(console, stored_results("demo", tmp_path).table())))


PAGES: dict[str, Callable[[Table, Shown | None], str]] = {"markdown": markdown_table, "latex": latex_table}
ODD = "50% of [a](b) & c_d_ | {x}^2 ~ #1 $5 <*b*> \\ `e`"


@pytest.mark.parametrize("form", PAGES)
def test_table_for_a_page(form: str, golden: Golden, tmp_path: Path) -> None:
    layout = a_layout()
    *others, last = layout.places
    odd = Place(row=f"[{ODD}", column=None, variant_id=None, run_ids=(), rejected=ODD)
    layout = replace(layout, places=(*others, replace(last, row=ODD), odd))
    a_sweep(tmp_path, layout)
    golden(f"table_{form}", PAGES[form](stored_results("demo", tmp_path).table(), None))


@pytest.mark.parametrize("form", PAGES)
def test_table_with_columns_for_a_page(form: str, golden: Golden, tmp_path: Path) -> None:
    a_sweep(tmp_path, with_columns())
    golden(f"table_columns_{form}", PAGES[form](stored_results("demo", tmp_path).table(), None))


def test_table_for_programs(golden: Golden, tmp_path: Path) -> None:
    """A change of these is a change of the schema that its version names."""
    a_sweep(tmp_path, with_columns())
    table = stored_results("demo", tmp_path).table()
    golden("table_csv", rounded(csv_table(table)))
    golden("table_json", rounded(json.dumps(table.to_dict(), indent=2, ensure_ascii=False) + "\n"))


def rounded(text: str) -> str:
    """Six digits of each number: the last ones are another machine's."""
    return re.sub(r"\d+\.\d{7,}", lambda number: f"{float(number[0]):.6g}", text)


def test_table_as_it_is_asked_for(golden: Golden, tmp_path: Path, cli: "Cli") -> None:
    a_sweep(tmp_path, a_layout())
    asked = ("--sort", "acc", "--top", 1, "--hide", "p,words", "--columns", "memory,words,model_mb")
    done = cli("table", "demo", "--experiments", tmp_path, *asked, "--precision", 2)
    golden("table_asked_for", done.out)


def test_table_with_problems(golden: Golden) -> None:
    killed = Reason(kind="killed", message="the process was killed by SIGKILL")
    results = {
        "a0": a_result("a0", 0.8, 0),
        "a1": a_result("a1", 0.82, 1),
        "b0": a_result("b0", 0.7, 0),
        "b1": replace(a_result("b1", 0.0, 1), status="failed", reason=killed, score=None, scores={}),
    }
    places = (
        Place(row="base", column=None, variant_id="a", run_ids=("a0", "a1")),
        Place(row="dropout=0.9", column=None, variant_id="b", run_ids=("b0", "b1")),
        Place(row="not yet", column=None, variant_id="c", run_ids=("c0", "c1")),
        Place(
            row="Tagger.v2", column=None, variant_id=None, run_ids=(), rejected="it returns List[Floats2d]"
        ),
    )
    layout = Layout(sweep="demo", score_name="score", places=places)
    golden("table_problems", shown(lambda console: show_table(console, make_table(layout, results))))


def test_table_with_failures(golden: Golden, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Six ways to fail, the first of seven runs; with and without a log, and one whose log is drawn over."""
    monkeypatch.chdir(tmp_path)
    reasons = {
        "base": Reason(kind="memory", message="MemoryError: Unable to allocate 8.00 GiB for an array"),
        "deep": Reason(kind="error", message="ValueError: " + "a very long story, " * 20),
        "hung": Reason(kind="timeout", message="not done after 2 minutes"),
        "loop": Reason(kind="crash_loop", message="killed 3 times in a row"),
        "disk": Reason(kind="disk", message="No space left on device"),
        "edit": Reason(kind="changed", message="train.spacy was edited meanwhile"),
    }
    paths = SweepPaths.of("demo")
    results: dict[str, Result] = {}
    for key, reason in reasons.items():
        for seed in range(7 if key == "base" else 2):
            run = f"{key}{seed}"
            failed = replace(a_result(run, 0.0, seed), status="failed", reason=reason, score=None, scores={})
            results[run] = replace(failed, attempt=seed + 1)
            paths.run(run).folder.mkdir(parents=True)
    told = "started\n\nTraceback (most recent call last):\n  File x.py\n    y\n\x1b[31mMemoryError: 8 GiB\n\n"
    paths.run("base0").log.write_text(told, encoding="utf8")
    paths.run("deep0").log.write_text("  1%|\r 50%|###\r100%|######\r\n" + "x" * 300, encoding="utf8")
    paths.run("loop0").log.write_text("", encoding="utf8")
    places = [
        Place(row=key, column=None, variant_id=key, run_ids=tuple(r for r in results if r.startswith(key)))
        for key in reasons
    ]
    places.insert(0, Place(row="Tagger.v2", column=None, variant_id=None, run_ids=(), rejected="it is odd"))
    layout = Layout(sweep="demo", score_name="score", places=tuple(places))
    found = Results(layout, results, paths)
    golden("table_failures", shown(lambda console: show_table(console, found.table())))
