"""archlab regress, from the sweep file to the exit code, on runs that are in the store already."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

import pytest
from gated_sweeps import ROWS, SHARES, fill_store, put, write_sweep

import archlab
from archlab.planning.gate_rules import GateRules
from archlab.records import Json, Reason, Result, RunSpec
from archlab.reporting.verdict_pages import MAX_BYTES
from archlab.results.files import read_json, write_json
from archlab.results.paths import SweepPaths
from archlab.results.store import Store

if TYPE_CHECKING:
    from conftest import Cli, Finished

SWEEP = "configs/gate.yml"
BASELINE = Path("experiments/gate/baseline.json")
WORSE = {**SHARES, "TextCatReduce.v1": 0.6}
UPDATE = 'archlab regress configs/gate.yml --update --reason "..."'


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store of three variants with a baseline, made once, in `here`; and the same in `kept`."""
    folder = tmp_path_factory.mktemp("gate") / "here"
    folder.mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        shutil.copytree(Path(__file__).parents[2] / "configs", "configs")
        sweep = write_sweep(folder)
        fill_store(sweep)
        archlab.regress(sweep.relative_to(folder), update="first")
    shutil.copytree(folder, folder.with_name("kept"))
    return folder


@pytest.fixture
def gate(kept: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """That store, to be changed; nothing may be trained. It is always in the same place, which counts."""
    shutil.rmtree(kept)
    shutil.copytree(kept.with_name("kept"), kept)
    monkeypatch.chdir(kept)
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)

    def refuse(*args: object, **named: object) -> None:
        raise AssertionError("the gate trains")

    monkeypatch.setattr("archlab.engines.local.LocalEngine.run", refuse)
    return kept


def changed_baseline(change: Callable[[Json], Any]) -> None:
    data = json.loads(BASELINE.read_text("utf8"))
    change(data)
    BASELINE.write_text(json.dumps(data), encoding="utf8")


def worse(cli: "Cli", *options: str) -> "Finished":
    """The gate, where one variant has become worse."""
    fill_store(Path(SWEEP), shares=WORSE)
    return cli("regress", SWEEP, *options)


@pytest.mark.usefixtures("gate")
class TestVerdicts:
    def test_the_same_runs_pass(self, cli: "Cli") -> None:
        done = cli("regress", SWEEP)
        assert (done.code, done.err) == (0, "")
        assert done.out.startswith(f"compared with {BASELINE} (")
        assert done.out.endswith("3 passed.\n")

    def test_a_variant_that_became_worse_fails(self, cli: "Cli") -> None:
        done = worse(cli)
        assert done.code == 1
        assert "\nFAIL  TextCatReduce.v1  cats_micro_f  " in done.out
        assert done.out.endswith("1 of 3 failed.\n")
        assert done.err == f"\nAccept it on purpose: {UPDATE}\n"

    def test_an_update_makes_it_the_baseline(self, cli: "Cli") -> None:
        done = worse(cli, "--update", "--reason", "smaller\non purpose")
        assert (done.code, done.err) == (0, f"{BASELINE} is written: commit it.\n")
        assert json.loads(BASELINE.read_text("utf8"))["reason"] == "smaller on purpose"
        assert cli("regress", SWEEP).code == 0

    def test_the_same_twice_is_the_same_to_the_byte(self, cli: "Cli") -> None:
        first = worse(cli, "--format", "json")
        again = cli("regress", SWEEP, "--format", "json")
        assert (first.code, first.out) == (again.code, again.out)
        assert json.loads(first.out)["passed"] is False

    def test_a_baseline_of_the_same_runs_is_the_same_to_the_byte(self, cli: "Cli") -> None:
        before = BASELINE.read_bytes()
        assert cli("regress", SWEEP, "--update", "--reason", "first").code == 0
        assert BASELINE.read_bytes() == before

    def test_what_is_acknowledged_passes_and_stays_known(self, cli: "Cli") -> None:
        options = ("--acknowledge", "TextCatReduce.v1", "--reason", "smaller", "--until", "2999-01-31")
        done = worse(cli, *options)
        assert done.code == 0
        assert 'acknowledged until 2999-01-31: "smaller"' in done.out
        assert cli("regress", SWEEP).code == 0
        assert cli("regress", SWEEP, "--update", "--reason", "all of it").code == 0
        assert json.loads(BASELINE.read_text("utf8"))["acknowledged"] == []

    def test_an_acknowledgement_can_be_extended_before_it_expires(self, cli: "Cli") -> None:
        options = ("--acknowledge", "TextCatReduce.v1", "--reason", "smaller", "--until")
        assert worse(cli, *options, "2999-01-31").code == 0
        assert cli("regress", SWEEP, *options, "2999-12-31").code == 0
        (said,) = json.loads(BASELINE.read_text("utf8"))["acknowledged"]
        assert said["until"] == "2999-12-31"

    def test_an_acknowledgement_that_has_expired_fails(self, cli: "Cli") -> None:
        options = ("--acknowledge", "TextCatReduce.v1", "--reason", "smaller", "--until", "2999-01-31")
        assert worse(cli, *options).code == 0
        changed_baseline(lambda data: data["acknowledged"][0].update(until="2026-01-31"))
        done = cli("regress", SWEEP)
        assert done.code == 1
        assert 'acknowledged until 2026-01-31 ("smaller"), which has expired' in done.out

    def test_a_run_that_failed_fails_and_is_no_baseline(self, cli: "Cli") -> None:
        planned = archlab.plan(SWEEP, level="types")
        put(Store("gate"), planned.runs[-1], 0.8, Reason(kind="nan", message="the loss is NaN"))
        done = cli("regress", SWEEP)
        assert done.code == 1
        assert "failed: seed 2: nan: the loss is NaN" in done.out
        refused = cli("regress", SWEEP, "--update", "--reason", "why not")
        assert refused.code == 4
        assert "The baseline was not written: TextCatReduce.v1: failed: seed 2: nan" in refused.err

    def test_a_run_that_failed_is_tried_again_where_that_is_asked_for(
        self, cli: "Cli", monkeypatch: pytest.MonkeyPatch
    ) -> None:
        last = archlab.plan(SWEEP, level="types").runs[-1]

        def train(_: object, specs: Iterable[RunSpec], *__: object) -> Iterator[Result]:
            return (put(Store("gate"), spec, 0.8) for spec in specs)

        monkeypatch.setattr("archlab.engines.local.LocalEngine.run", train)
        nan = Reason(kind="nan", message="the loss is NaN")
        put(Store("gate"), last, 0.8, nan)
        assert cli("regress", SWEEP).code == 1
        assert not archlab.regress(SWEEP).passed
        done = cli("regress", SWEEP, "--retry-failed")
        assert (done.code, "9 runs; 8 known, 1 to do" in done.err) == (0, True)
        put(Store("gate"), last, 0.8, nan)
        assert archlab.regress(SWEEP, retry_failed=True).passed

    def test_rules_of_the_sweep_and_of_flags(self, cli: "Cli", gate: Path) -> None:
        write_sweep(gate, "regress:\n  tolerance: 0.5\n  costs: {parameters: 0}\n")
        assert worse(cli).code == 0
        assert cli("regress", SWEEP, "--tolerance", "0.4").code == 0
        assert cli("regress", SWEEP, "--tolerance", "cats_micro_f=0.1").code == 1
        assert cli("regress", SWEEP, "--absolute", "0.1").code == 1
        assert cli("regress", SWEEP, "--relative", "0.9").code == 0

    def test_a_seed_without_the_score_fails(self, cli: "Cli") -> None:
        file = SweepPaths.of("gate").run(archlab.plan(SWEEP, level="types").runs[0].run_id).result
        result = read_json(file)
        write_json(file, {**result, "scores": {**result["scores"], "cats_micro_f": None}})
        done = cli("regress", SWEEP)
        assert done.code == 1
        assert "these runs do not all have such a score" in done.out

    def test_what_runs_ran_with_is_said_of_all(self, cli: "Cli") -> None:
        file = SweepPaths.of("gate").run(archlab.plan(SWEEP, level="types").runs[-1].run_id).result
        result = read_json(file)
        write_json(file, {**result, "environment": {**result["environment"], "python": "3.12.1"}})
        assert cli("regress", SWEEP).out.splitlines()[0].endswith('"first"); python 3.11.9 -> 3.11.9, 3.12.1')

    def test_what_is_shown_can_be_typed(self, cli: "Cli", gate: Path) -> None:
        shutil.copytree("experiments", gate / "other place")
        fill_store(Path(SWEEP), gate / "other place", shares=WORSE)
        elsewhere = ("--experiments", "other place")
        done = cli("regress", SWEEP, *elsewhere)
        named = f"archlab regress {SWEEP} --experiments 'other place' --update --reason \"...\""
        assert f"Accept it on purpose: {named}" in done.err
        (gate / "other place/gate/baseline.json").unlink()
        assert f"Make one: {named}" in " ".join(cli("regress", SWEEP, *elsewhere).err.split())

    def test_versions_that_differ_are_said_first(self, cli: "Cli") -> None:
        changed_baseline(lambda data: data["where"]["versions"].update(spacy="3.8.17"))
        assert cli("regress", SWEEP).out.splitlines()[0].endswith('"first"); spacy 3.8.17 -> 3.8.18')

    def test_from_python(self) -> None:
        fill_store(Path(SWEEP), shares=WORSE)
        verdict = archlab.regress(SWEEP)
        assert (verdict.passed, verdict.failed) == (False, ("TextCatReduce.v1",))
        found = next(one for one in verdict.findings if one.fails)
        assert (found.slot, found.file, found.line) == ("textcat.model", SWEEP, 12)
        assert archlab.regress(SWEEP, rules=GateRules(tolerance=0.5)).passed
        assert archlab.regress(SWEEP, update="lower").passed
        assert archlab.regress(archlab.plan(SWEEP)).passed


@pytest.mark.usefixtures("gate")
class TestNothingIsPlannedAgain:
    @pytest.fixture
    def no_plan(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def refuse(*args: object, **named: object) -> None:
            raise AssertionError("the gate plans")

        monkeypatch.setattr("archlab.planning.plans.VariantMaker", refuse)

    @pytest.mark.usefixtures("no_plan")
    def test_where_nothing_has_changed(self, cli: "Cli") -> None:
        assert cli("regress", SWEEP).code == 0

    @pytest.mark.usefixtures("no_plan")
    @pytest.mark.parametrize(
        "changed", ["sweep", "base", "override", "run", "corpus", "_installed", "_own_source"]
    )
    def test_but_where_anything_has(
        self, cli: "Cli", gate: Path, changed: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        options = []
        if changed == "sweep":
            write_sweep(gate, "# a remark\n")
        elif changed == "base":
            with Path("configs/base.cfg").open("a", encoding="utf8") as file:
                file.write("# a remark\n")
        elif changed == "override":
            options = ["--training.dropout", "0.3"]
        elif changed == "run":
            next(SweepPaths.of("gate").runs.glob("*/result.json")).unlink()
        elif changed == "corpus":
            plan = SweepPaths.of("gate").known_plan
            write_json(plan, {**read_json(plan), "files": {str(Path("configs/base.cfg").resolve()): "other"}})
        else:
            monkeypatch.setattr(f"archlab.engines.known_plans.{changed}", lambda: "another")
        assert "the gate plans" in cli("regress", SWEEP, *options).err

    def test_a_process_of_its_own_takes_a_fraction_of_five_seconds_and_no_spacy(self, gate: Path) -> None:
        code = (
            "import sys, time\n"
            "from archlab.cli.app import main\n"
            f"sys.argv = ['archlab', 'regress', '{SWEEP}', '-q']\n"
            "try:\n    main()\nexcept SystemExit as ended:\n"
            "    print(ended.code, 'spacy' in sys.modules, time.process_time() < 3)\n"
        )
        command = [sys.executable, "-c", code]
        same = {**os.environ, "PYTHONPATH": str(Path(archlab.__file__).parents[1])}
        done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=gate, env=same)
        assert done.stdout.endswith("3 passed.\n0 False True\n")

    def test_what_is_kept_of_a_plan_may_be_damaged(self, cli: "Cli") -> None:
        SweepPaths.of("gate").known_plan.write_text("{}", encoding="utf8")
        assert cli("regress", SWEEP).code == 0
        assert SweepPaths.of("gate").known_plan.stat().st_size > 100


@pytest.mark.usefixtures("gate")
class TestFormats:
    def test_json_has_every_finding(self, cli: "Cli") -> None:
        told = json.loads(worse(cli, "--format", "json").out)
        assert (told["schema_version"], told["sweep"], told["level"]) == (1, "gate", 0.05)
        assert [one["status"] for one in told["findings"] if one["rule"] == "noise"] == ["ok", "ok", "failed"]

    def test_junit_is_what_jenkins_takes(self, cli: "Cli") -> None:
        xmlschema = pytest.importorskip("xmlschema", reason="pip install -e '.[dev]'")
        schema = xmlschema.XMLSchema(str(Path(__file__).with_name("junit-10.xsd")))
        done = worse(cli, "--format", "junit", "--cost", "parameters=0.1")
        schema.validate(done.out)
        suite = ElementTree.fromstring(done.out).find("testsuite")
        assert suite is not None
        assert (suite.get("tests"), suite.get("failures")) == ("9", "1")
        cases = {(case.get("classname"), case.get("name")) for case in suite.iter("testcase")}
        assert cases == {
            (f"gate.{row}", rule) for row in ROWS for rule in ("trained", "noise cats_micro_f", "parameters")
        }

    def test_github_names_the_line_of_the_slot(self, cli: "Cli") -> None:
        first = worse(cli, "--format", "github").out.splitlines()[0]
        assert first.startswith(
            "::error file=configs/gate.yml,line=12,title=TextCatReduce.v1::cats_micro_f; "
        )

    def test_the_summary_of_a_step_grows_by_itself_and_has_room(
        self, cli: "Cli", tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        summary = tmp_path / "summary.md"
        summary.write_text("# Before\n", encoding="utf8")
        monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
        done = worse(cli, "--format", "markdown")
        assert summary.read_text("utf8") == f"# Before\n{done.out}"
        assert done.out.startswith("### gate: failed\n")

    def test_a_summary_that_is_nearly_full_stays_below_its_limit(
        self, cli: "Cli", tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        summary = tmp_path / "summary.md"
        monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
        summary.write_text("x" * (MAX_BYTES - 1100), encoding="utf8")
        worse(cli)
        assert MAX_BYTES - 1100 < summary.stat().st_size <= MAX_BYTES
        assert summary.read_text("utf8").endswith(" more have no room here.\n\n</details>\n")
        summary.write_text("x" * (MAX_BYTES - 100), encoding="utf8")
        assert f"The step's summary {summary} is full." in cli("regress", SWEEP).err
        assert summary.stat().st_size == MAX_BYTES - 100

    def test_a_summary_that_cannot_be_written_changes_nothing(
        self, cli: "Cli", tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "none" / "summary.md"))
        done = cli("regress", SWEEP)
        assert done.code == 0
        assert "cannot be written: No such file or directory" in done.err


def corrupt(text: str) -> Callable[[], object]:
    return lambda: BASELINE.write_text(text, encoding="utf8")


def replaced_by(make: Callable[[Path], None]) -> Callable[[], object]:
    def replace() -> None:
        BASELINE.unlink()
        make(BASELINE)

    return replace


def with_value(*path: str | int, value: object) -> Callable[[], object]:
    def change(data: Any) -> None:
        for key in path[:-1]:
            data = data[key]
        data[path[-1]] = value

    return lambda: changed_baseline(change)


AGAIN = f"Bring it back from version control, or make it anew: {UPDATE}"


@pytest.mark.usefixtures("gate")
class TestBadInput:
    @pytest.mark.parametrize(
        ("spoil", "code", "message"),
        [
            (BASELINE.unlink, 5, f"There is no baseline {BASELINE}.\nMake one: {UPDATE}"),
            (
                corrupt(""),
                3,
                f"{BASELINE} cannot be read: Expecting value: line 1 column 1 (char 0).\n{AGAIN}",
            ),
            (corrupt("[]"), 3, f"{BASELINE} cannot be read: it is no JSON object.\n{AGAIN}"),
            (corrupt('{"sweep": "gate"}'), 3, f"{BASELINE} cannot be read: made: Field required.\n{AGAIN}"),
            (
                with_value("places", 0, "scores", "cats_micro_f", "seeds", "0", value="much"),
                3,
                f"{BASELINE} cannot be read: places.0.scores.cats_micro_f.seeds.0: Input should be a valid "
                f"number, unable to parse string as a number.\n{AGAIN}",
            ),
            (
                with_value("schema_version", value=2),
                3,
                f"{BASELINE} is of schema 2; this archlab reads 1.\n"
                f"Use the archlab that made it, or a newer one; or make it anew: {UPDATE}",
            ),
            (
                with_value("sweep", value="other"),
                3,
                f"{BASELINE} is the baseline of the sweep other, not of gate.\n"
                f"Put it where it belongs, or make one of gate: {UPDATE}",
            ),
            (
                replaced_by(Path.mkdir),
                3,
                f"{BASELINE} cannot be read: it is no file.\n{AGAIN}",
            ),
            (
                replaced_by(lambda path: path.symlink_to("/dev/zero")),
                3,
                f"{BASELINE} cannot be read: it is no file.\n{AGAIN}",
            ),
            (
                with_value("places", 0, "dev_documents", value=7),
                3,
                "The documents of base TextCatEnsemble.v2 in the baseline cannot be read: there are 300 of "
                "these, not 7.\nBring it back from version control, or make it anew with --update.",
            ),
            (
                with_value("places", 0, "scores", "cats_micro_f", "documents", "0", value="-7:AAAA"),
                3,
                "The documents of base TextCatEnsemble.v2 in the baseline cannot be read: it cannot be "
                "unpacked: Error -3 while decompressing data: unknown compression method.\n"
                "Bring it back from version control, or make it anew with --update.",
            ),
        ],
    )
    def test_baselines(self, cli: "Cli", spoil: Callable[[], object], code: int, message: str) -> None:
        spoil()
        done = cli("regress", SWEEP)
        told = "".join(line[7:] + "\n" for line in done.err.splitlines()).strip()
        assert (done.code, told) == (code, message)

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            (["--update"], '--update needs a reason: it is kept.\nAdd --reason "..." to --update.'),
            (
                ["--update", "--reason", " "],
                '--update needs a reason: it is kept.\nAdd --reason "..." to --update.',
            ),
            (
                ["--reason", "because"],
                "--reason and --until belong to --update or --acknowledge.\nAdd one of these.",
            ),
            (
                ["--acknowledge", ROWS[1], "--until", "2999-01-31"],
                "--acknowledge needs a reason and the last day on which it passes.\n"
                'Add --reason "..." --until 2031-01-31',
            ),
            (
                ["--acknowledge", ROWS[1], "--reason", "x"],
                "--acknowledge needs a reason and the last day on which it passes.\n"
                'Add --reason "..." --until 2031-01-31',
            ),
            (
                ["--acknowledge", "x", "--reason", "x", "--update"],
                "--update makes all of it the baseline: there is nothing left to acknowledge.",
            ),
            (
                ["--acknowledge", "TextCatBOW", "--reason", "x", "--until", "2999-01-31"],
                "There is no variant TextCatBOW.\nDid you mean TextCatBOW.v3?",
            ),
            (
                ["--acknowledge", ROWS[1], "--reason", "x", "--until", "2999-01-31"],
                "Nothing of TextCatBOW.v3 fails: there is nothing to acknowledge.",
            ),
            (
                ["--acknowledge", ROWS[1], "--reason", "x", "--until", "2020-01-31"],
                "--until 2020-01-31 has passed.\nName a day to come.",
            ),
            (
                ["--tolerance", "-1"],
                "--tolerance -1: -1 is negative.\n--tolerance 0.01: how much worse it may be.",
            ),
            (["--tolerance", "abc"], "--tolerance abc: 'abc' is no number.\n--tolerance 0.01"),
            (
                ["--absolute", "cats_makro_f=0.1"],
                "No variant gives a score cats_makro_f.\nDid you mean cats_macro_f?",
            ),
            (
                ["--reference", "TextCatBOW"],
                "There is no row TextCatBOW to compare speeds with.\nDid you mean TextCatBOW.v3?",
            ),
            (
                ["--cost", "speed=1"],
                "--cost speed=1: there is no cost speed.\n"
                "Costs are parameters, model_mb, words_per_second: --cost parameters=0.1",
            ),
            (["--level", "2"], "--level 2 is no share between 0 and 1.\n--level 0.05"),
            (["--update", "--reason", "x" * 2001], "The reason has 2,001 characters, more than 2,000."),
            (
                ["--write", str(BASELINE)],
                f"--write {BASELINE}: that is the baseline.\nName another file.",
            ),
        ],
    )
    def test_options(self, cli: "Cli", options: list[str], message: str) -> None:
        before = BASELINE.read_bytes()
        done = cli("regress", SWEEP, *options)
        told = "".join(line[7:] + "\n" for line in done.err.splitlines()).strip()
        assert (done.code, told) == (2, message)
        assert BASELINE.read_bytes() == before

    @pytest.mark.parametrize(
        ("block", "message"),
        [
            ("tolerance: -0.1", ":14: regress.tolerance: Input should be greater than or equal to 0."),
            ("tolerance: much", ":14: regress.tolerance: Input should be a valid number."),
            ("tolerance: .nan", ":14: a value is nan: a setting must be a number."),
            ("tolerence: 0.1", ":14: a sweep has no key regress.tolerence.\nDid you mean tolerance?"),
            ("level: 1", ":14: regress.level: Input should be less than 1."),
            (
                "scores: {cats_micro_f: {relativ: 0.1}}",
                ":14: a sweep has no key regress.scores.cats_micro_f.relativ.\nDid you mean relative?",
            ),
            (
                "scores: {cats_micro_f: {direction: up}}",
                ":14: regress.scores.cats_micro_f.direction: Input should be 'higher' or 'lower'.",
            ),
            (
                "costs: {speed: 0.1}",
                ":14: a sweep has no key regress.costs.speed.\n"
                "Known keys: parameters, model_mb, words_per_second.",
            ),
            (
                "scores: {cats_mikro_f: {}}",
                ":14: no variant gives a score cats_mikro_f.\nDid you mean cats_micro_f?",
            ),
            (
                "reference: BOW",
                ":14: there is no row BOW to compare speeds with.\n"
                "There are base TextCatEnsemble.v2, TextCatBOW.v3, TextCatReduce.v1.",
            ),
        ],
    )
    def test_blocks_of_the_sweep(self, cli: "Cli", gate: Path, block: str, message: str) -> None:
        write_sweep(gate, f"regress:\n  {block}\n")
        done = cli("regress", SWEEP, "-q")
        told = "".join(line[7:] + "\n" for line in done.err.splitlines()).strip()
        assert (done.code, told) == (3, f"{SWEEP}{message}")
