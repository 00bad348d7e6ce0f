"""What is told of runs that failed: one record each, the end of a log, and nothing twice."""

import io
import json
from dataclasses import replace
from pathlib import Path

from test_tables import LAYOUT, RESULTS, result

from archlab.records import Reason
from archlab.reporting.consoles import make_console
from archlab.reporting.problems import SHOWN, show_problems
from archlab.results.collection import Results
from archlab.results.logs import TAIL_BYTES, last_lines
from archlab.results.paths import SweepPaths
from archlab.results.problems import Problem, problem_of


def failed(run_id: str, message: str = "no", seed: int = 0) -> Problem:
    reason = Reason(kind="error", message=message)
    return problem_of("BOW", replace(result(run_id, None, seed), status="failed", reason=reason))


def shown(*problems: Problem) -> str:
    stream = io.StringIO()
    show_problems(make_console(stream), problems, "demo")
    return stream.getvalue()


def test_the_end_of_a_log_is_read_and_no_more(tmp_path: Path) -> None:
    log = tmp_path / "log.txt"
    log.write_bytes(b"begin\n" + b"x" * 50_000_000 + "\n\n  ä\t1\n\x1b[31mred\r\n\n".encode())
    first, *rest = last_lines(log)
    assert (first[-4:], rest) == (" ...", ["  ä\t1", "red"])
    log.write_bytes("ä".encode() * TAIL_BYTES + b"\xff")
    (line,) = last_lines(log)
    assert "ä" * 100 in line
    assert len(last_lines(log, 5)) == 1
    log.write_text("\n".join("abcdefg"), encoding="utf8")
    assert last_lines(log) == ("c", "d", "e", "f", "g")
    assert last_lines(tmp_path / "none.txt") == last_lines(tmp_path) == ()


def test_runs_that_failed_alike_are_told_once() -> None:
    text = shown(failed("a0"), failed("a1", "no", 1), failed("b0", "another"))
    assert text == (
        "BOW seed 0 failed, error: no (run a0, attempt 1)\n"
        "  so did BOW seed 1\n"
        "BOW seed 0 failed, error: another (run b0, attempt 1)\n"
    )


def test_many_different_failures_are_counted_and_offered() -> None:
    text = shown(*(failed(f"r{n}", f"no {n}") for n in range(SHOWN + 9)))
    assert text.count("failed, error") == SHOWN
    assert text.endswith("9 more: archlab runs demo --status failed\n")


def test_a_store_elsewhere_is_named() -> None:
    problem = replace(failed("a0"), log="else where/demo/runs/a0/log.txt")
    assert "archlab logs a0 --experiments 'else where'\n" in shown(problem)
    assert "--experiments" not in shown(replace(problem, log="experiments/demo/runs/a0/log.txt"))


def test_tables_of_results_have_the_ends_of_logs_also_as_json(tmp_path: Path) -> None:
    paths = SweepPaths.of("demo", tmp_path)
    paths.run("a1").folder.mkdir(parents=True)
    paths.run("a1").log.write_text("one\n\ntwo\n", encoding="utf8")
    died = replace(
        RESULTS["a1"], status="failed", reason=Reason(kind="nan", message="loss is NaN"), attempt=3
    )
    table = Results(LAYOUT, {**RESULTS, "a1": died}, paths).table()
    (told,) = json.loads(json.dumps(table.to_dict()))["problems"]
    assert told == {
        "variant": "base Ensemble",
        "status": "failed",
        "kind": "nan",
        "message": "loss is NaN",
        "seed": 1,
        "run_id": "a1",
        "attempt": 3,
        "log": str(paths.run("a1").log),
        "log_tail": ["one", "two"],
    }
