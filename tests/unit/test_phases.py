"""Where the seconds of runs went: rows, sums and shares."""

import io
from dataclasses import replace

import pytest
from rich.console import Console
from test_tables import LAYOUT, RESULTS

from archlab.records import Cost, Result, Seconds
from archlab.reporting.phases import show_phases
from archlab.results.phases import run_phases, sums


def spent(run_id: str, seconds: Seconds) -> Result:
    return replace(RESULTS[run_id], cost=Cost(seconds=seconds))


RUNS = [
    spent("a1", Seconds(start=1.0, data=0.5, initialize=1.0, update=4.0, evaluate=2.0, save=0.5, total=10.0)),
    spent("a0", Seconds(start=2.0, total=2.25)),  # it failed while its pipeline was built
    spent("b0", Seconds(start=1.0, update=9.0, total=9.5)),  # clocks are not exact
]


def test_runs_stand_in_the_order_of_the_table_and_of_seeds() -> None:
    runs = list(run_phases(LAYOUT, RUNS))
    assert [(run.variant, run.seed) for run in runs] == [
        ("Reduce", 0),
        ("base Ensemble", 0),
        ("base Ensemble", 1),
    ]
    assert [run.other for run in runs] == [0.0, pytest.approx(0.25), pytest.approx(1.0)]
    assert sums(runs) == pytest.approx([4.0, 0.5, 1.0, 13.0, 2.0, 0.5, 1.25, 21.75])


def test_what_was_not_reached_is_empty_and_null() -> None:
    (run,) = run_phases(LAYOUT, RUNS[1:2])
    assert run.to_dict() == {
        "variant": "base Ensemble",
        "seed": 0,
        "run_id": "a0",
        "start": 2.0,
        **dict.fromkeys(("data", "initialize", "update", "evaluate", "save")),
        "other": 0.25,
        "total": 2.25,
    }
    nothing = replace(run, phases=(None,) * 6, total=None)
    assert nothing.other is None
    assert sums([nothing]) == [0.0] * 8
    stream = io.StringIO()
    show_phases(Console(file=stream, width=120), [nothing])
    assert "%" not in stream.getvalue()


def test_the_last_rows_are_of_all_runs() -> None:
    stream = io.StringIO()
    show_phases(Console(file=stream, width=120), list(run_phases(LAYOUT, RUNS)))
    *_, everything, share = stream.getvalue().splitlines()
    assert " ".join(everything.split()) == "all 3 runs 4.00 0.50 1.00 13.0 2.00 0.50 1.25 21.8"
    assert " ".join(share.split()) == "share 18% 2% 5% 60% 9% 2% 6%"
