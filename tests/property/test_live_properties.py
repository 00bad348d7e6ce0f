"""The live view takes whatever files of a store may hold, and is never larger than the terminal."""

import io
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from made_results import made_result, made_spec
from rich.cells import cell_len

from archlab.engines.base import Event, evaluated
from archlab.engines.progress import Progress
from archlab.records import Cost, Seconds
from archlab.reporting.consoles import PlainConsole
from archlab.reporting.live import LiveView
from archlab.results.layouts import Layout, Place

NUMBERS = st.one_of(st.none(), st.integers(-(10**20), 10**20), st.floats(), st.text(max_size=3))
LINES = st.fixed_dictionaries(
    {
        "step": NUMBERS,
        "max_steps": NUMBERS,
        "seconds": NUMBERS,
        "scores": st.fixed_dictionaries({"f": NUMBERS}),
    }
)
LABELS = st.text(max_size=60)


@given(
    labels=st.lists(LABELS, min_size=1, max_size=5, unique=True),
    columns=st.lists(LABELS, min_size=1, max_size=4, unique=True),
    lines=st.lists(LINES, max_size=4),
    device=LABELS,
    times=st.lists(st.floats(), max_size=3),
    width=st.integers(1, 120),
    height=st.integers(1, 30),
)
def test_whatever_there_is_fits(
    labels: list[str],
    columns: list[str],
    lines: list[dict[str, object]],
    device: str,
    times: list[float],
    width: int,
    height: int,
) -> None:
    places = tuple(
        Place(row=label, column=column, variant_id="v", run_ids=(f"{row}-{number}",))
        for row, label in enumerate(labels)
        for number, column in enumerate(columns)
    )
    made = made_result(made_spec())
    results = {
        f"0-{number}": replace(made, scores={"f": time}, cost=Cost(seconds=Seconds(total=time)))
        for number, time in enumerate(times)
    }
    progress = Progress(9, Layout(sweep="s", score_name="f", places=places), results)
    spec = replace(made_spec("running"), variant=labels[0], device=device, score_name="f")
    progress.tell(Event(kind="started", spec=spec), 0.0)
    for moment, line in enumerate(lines):
        progress.tell(evaluated(spec, line), float(moment))
    stream = io.StringIO()
    PlainConsole(stream, width).print(LiveView(progress.snapshot(9.0), height))
    shown = stream.getvalue().split("\n")[:-1]
    assert len(shown) <= height
    assert all(cell_len(text.rstrip(" ")) <= width for text in shown)
