"""The live view of a grid fits the terminal, whatever there is to show."""

import io
from dataclasses import replace
from unittest.mock import Mock

import pytest
from rich.cells import cell_len
from test_progress import a_layout, a_result

from archlab.engines.progress import MOST_ROWS, Progress, RunningRun, Snapshot
from archlab.reporting.consoles import PlainConsole
from archlab.reporting.live import LiveView, clock, told
from archlab.reporting.sheets import make_sheet
from archlab.results.tables import Table

RUN = RunningRun(
    variant="TextCatBOW.v1 [spelling]",
    seed=1,
    device="cpu",
    step=92,
    max_steps=150,
    score=0.81,
    seconds_left=3.2,
)


def a_snapshot(
    running: int = 2, rows: int = 5, columns: tuple[str | None, ...] = (None,), done: float = 1.0
) -> Snapshot:
    """A grid of so many variants with three seeds each; done: the share of their runs."""
    layout = a_layout(rows, seeds=3, columns=columns)
    run_ids = [run_id for place in layout.places for run_id in place.run_ids]
    ended = {
        run_id: a_result(run_id, score=0.5 + number % 40 / 100)
        for number, run_id in enumerate(run_ids[: int(done * len(run_ids))])
    }
    now = Progress(len(run_ids) + running, layout, ended).snapshot(0.0)
    return replace(now, running=tuple(replace(RUN, seed=number) for number in range(running)))


def table_of(snapshot: Snapshot) -> Table:
    assert snapshot.table is not None
    return snapshot.table


def lines(snapshot: Snapshot, width: int, height: int | None = None) -> list[str]:
    stream = io.StringIO()
    PlainConsole(stream, width).print(LiveView(snapshot, height))
    return stream.getvalue().splitlines()


def require_fitting(snapshot: Snapshot, width: int, height: int) -> list[str]:
    shown = lines(snapshot, width, height)
    assert len(shown) <= height, shown
    assert all(cell_len(line.rstrip()) <= width for line in shown), shown
    return shown


@pytest.mark.parametrize("width", [1, 10, 40, 80, 120])
@pytest.mark.parametrize("columns", [(None,), ("keywords", "word_order", "spelling and much more", "x")])
def test_it_is_never_larger_than_the_terminal(width: int, columns: tuple[str | None, ...]) -> None:
    for running, rows in ((0, 0), (1, 1), (2, 150), (7, 12), (300, 12)):
        snapshot = a_snapshot(running, rows, columns)
        for height in (1, 2, 3, 8, 15, 30):
            require_fitting(snapshot, width, height)


def test_a_line_per_run_then_how_far_it_is_then_the_table() -> None:
    shown = lines(a_snapshot(running=2, rows=2), 100, 24)
    assert " ".join(shown[0].split()) == "TextCatBOW.v1 [spelling] seed 0 cpu ━━━━━━ 92/150 .810 0:03"
    assert shown[2] == "6 of 8 done, 2 running, about 0:20 left"
    assert shown[3] == ""
    assert shown[4] == "cats_macro_f, mean ± sd over 3 seeds; best in bold"
    assert shown[6].split() == ["base", ".510", "±", ".010", "10.0", "3/3"]
    assert len(shown) == 8


def test_what_is_not_known_is_left_out() -> None:
    snapshot = a_snapshot(running=4, rows=1, done=0)
    starting = replace(RUN, step=None, max_steps=None, score=None, seconds_left=None)
    patient = replace(RUN, max_steps=None, seconds_left=None)
    shown = lines(replace(snapshot, running=(starting, patient), seconds_left=None), 100)
    assert shown[0].split() == ["TextCatBOW.v1", "[spelling]", "seed", "1", "cpu", "starting"]
    assert shown[1].split() == ["TextCatBOW.v1", "[spelling]", "seed", "1", "cpu", "step", "92", ".810"]
    assert shown[2] == "0 of 7 done, 2 running, 5 waiting"
    assert len(shown) == 3  # no table of nothing


def test_many_runs_are_counted() -> None:
    shown = lines(a_snapshot(running=40, rows=3), 80, 20)
    assert [line for line in shown if "seed" not in line and "more" in line] == ["and 28 more"]
    assert sum("seed" in line and "cpu" in line for line in shown) == 12
    assert "40 running" in shown[13]
    assert len(shown) == 20
    assert lines(a_snapshot(running=40, rows=0), 80, 3)[1] == "and 39 more"


def test_of_many_variants_the_base_and_the_best_are_shown() -> None:
    snapshot = a_snapshot(running=0, rows=30)
    shown = lines(snapshot, 80, 10)
    names = [line.split("  ")[0] for line in shown[4:]]
    assert names == ["base", "row 12", "row 25", "row 11", "row 24", "and 25 more"]
    assert len(lines(snapshot, 80, 34)) == 34
    whole = [line.split("  ")[0] for line in lines(snapshot, 80, 34)[4:]]
    assert whole == ["base", *(f"row {number}" for number in range(1, 30))]
    assert lines(a_snapshot(running=0, rows=150), 80, 10)[-1] == "and 145 more"  # of those not made, too
    assert len(lines(a_snapshot(running=0, rows=150), 80)) == 4 + MOST_ROWS + 1


def test_columns_go_before_names_cannot_be_told_apart() -> None:
    snapshot = a_snapshot(running=1, rows=3, columns=("keywords", "word_order", "spelling"))
    headers = {width: lines(snapshot, width)[4].split() for width in (60, 58, 49, 43, 30, 20)}
    assert headers[60] == ["keywords", "word_order", "spelling", "seconds", "runs"]
    assert headers[58] == ["keywords", "word_order", "spelling", "runs"]
    assert headers[49] == ["keywords", "word_order", "spelling"]
    assert headers[43] == ["keywords", "word_order"]
    assert lines(snapshot, 43)[3].startswith("2 of 3 columns; cats_macro_f, mean")
    assert headers[30] == headers[20] == ["keywords"]
    wide, narrow = lines(snapshot, 80)[0], lines(snapshot, 40)[0]
    assert ("━" in wide, "cpu" in wide) == (True, True)
    assert ("━" in narrow, "cpu" in narrow) == (False, False)
    assert "92/150" in narrow
    assert "0:03" in narrow


def test_a_long_name_is_cut_in_its_middle() -> None:
    snapshot = a_snapshot(running=0, rows=2)
    first, second = table_of(snapshot).rows
    long = replace(second, label="TextCatBOW.v3, ngram_size=2, length=262144")
    snapshot = replace(snapshot, table=replace(table_of(snapshot), rows=(first, long)))
    assert lines(snapshot, 40)[-1].split("  ")[0] == "TextCatBOW.v3…length=262144"
    wide = replace(long, label="单词" * 40)
    snapshot = replace(snapshot, table=replace(table_of(snapshot), rows=(first, wide)))
    require_fitting(snapshot, 40, 20)


@pytest.mark.parametrize(
    "text", ["a\nb\tc", "\x1b[2J\x1b]0;x\x07", "\u202eabc", "[red]x[/red]", ":smile:", ""]
)
def test_odd_texts_take_one_line_and_are_shown_as_they_are(text: str) -> None:
    snapshot = a_snapshot(running=1, rows=2)
    table = table_of(snapshot)
    odd = replace(table, rows=tuple(replace(row, label=text) for row in table.rows), score_name=text)
    run = replace(RUN, variant=text, device=text)
    shown = require_fitting(replace(snapshot, running=(run,), table=odd), 80, 24)
    assert len(shown) == 7
    assert not set("".join(shown)) & set("\x1b\x07\u202e\t")
    if text.startswith(("[", ":")):
        assert sum(text in line for line in shown) == 4


def test_failed_and_rejected_variants_say_so() -> None:
    snapshot = a_snapshot(running=0, rows=3)
    first, second, third = table_of(snapshot).rows
    (cell,) = second.cells
    assert cell is not None
    failed = replace(second, cells=(replace(cell, done=1, failed=2, missing=1),))
    rejected = replace(third, cells=(replace(cell, score=None, done=0, rejected="does not fit"),))
    snapshot = replace(snapshot, table=replace(table_of(snapshot), rows=(first, failed, rejected)))
    assert [line.split()[-1] for line in lines(snapshot, 80)[-3:]] == ["3/3", "failed", "rejected"]
    assert "1/4, 2 failed" in lines(snapshot, 80)[-2]


def test_the_count_says_less_in_less_width() -> None:
    snapshot = replace(a_snapshot(running=2), total=24, done=14, failed=1, seconds_left=50.0)
    whole = "14 of 24 done, 1 failed, 2 running, 7 waiting, about 0:50 left"
    assert [told(snapshot, width) for width in (None, 62, 61, 40, 39, 10)] == [
        whole,
        whole,
        "14 of 24 done, 1 failed, about 0:50 left",
        "14 of 24 done, 1 failed, about 0:50 left",
        "14 of 24 done, 1 failed",
        "14 of 24 done, 1 failed",
    ]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.4, "0:00"),
        (7, "0:07"),
        (59.6, "1:00"),
        (3599.7, "1:00:00"),
        (86400, "24:00:00"),
        (1e308, "100+ days"),
    ],
)
def test_time_is_told_as_on_a_clock(seconds: float, text: str) -> None:
    assert clock(seconds) == text


def test_a_table_that_stays_the_same_is_laid_out_once(monkeypatch: pytest.MonkeyPatch) -> None:
    laid_out = Mock(wraps=make_sheet)
    monkeypatch.setattr("archlab.reporting.live.make_sheet", laid_out)
    console, snapshot = PlainConsole(io.StringIO(), 80), a_snapshot()
    view = LiveView(snapshot, 24)
    for seconds in (10.0, 9.0, 8.0):
        view.snapshot = replace(snapshot, seconds_left=seconds)
        console.print(view)
    assert laid_out.call_count == 1
    view.height = 9
    console.print(view)
    view.snapshot = a_snapshot(rows=4)
    console.print(view)
    assert laid_out.call_count == 3
