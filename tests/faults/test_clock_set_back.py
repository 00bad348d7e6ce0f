"""The clock is set back by an hour, by a fake: `time.time` and `datetime.now` say so in driver and runs.

The runs are those of the fake trainer, which sets its clock back in the middle of its training.
"""

import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from fake_training import set_clock_back
from grids import Workplace, all_gone

pytestmark = pytest.mark.slow


@pytest.fixture
def workplace(tmp_path: Path) -> Iterator[Workplace]:
    with Workplace(tmp_path) as workplace:
        yield workplace


def test_the_fake_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    now, seconds = datetime.now(), time.time()
    monkeypatch.setattr(time, "time", time.time)
    with monkeypatch.context() as patched:
        set_clock_back(patched.setattr)
        assert time.time() < seconds - 3500
        import datetime as module

        assert module.datetime.now() < now - timedelta(minutes=59)


def test_a_clock_that_is_set_back(workplace: Workplace) -> None:
    workplace.sweep("sets_clock_back", "sets_clock_back hangs_in_python", "waits", limits={"minutes": 0.05})
    began = time.monotonic()
    first = workplace.grid("--jobs", "1", prepare=set_clock_back)
    assert first.end() == 4
    assert time.monotonic() - began < 30
    assert first.started == ["base TextCatBOW.v3", *workplace.variants]
    assert workplace.statuses() == {
        "base TextCatBOW.v3": "done",
        "sets_clock_back": "done",
        "sets_clock_back hangs_in_python": "timeout",
        "waits": "done",
    }
    for seconds in (
        workplace.result(name)["cost"]["seconds"] for name in ("base", "sets_clock_back", "waits")
    ):
        assert 0 < seconds["update"] <= seconds["total"] < 20
    before = workplace.done()
    assert workplace.run_grid(code=4).started == []
    assert workplace.done() == before


def test_a_driver_is_killed_and_the_next_one_lives_an_hour_before(workplace: Workplace) -> None:
    workplace.sweep("waits")
    workplace.gate.touch()
    first = workplace.grid("--jobs", "1")
    first.wait_for(workplace.has_told("waits"))
    first.process.kill()
    assert all_gone(workplace.told("waits"))
    before = workplace.done()
    workplace.gate.unlink()
    second = workplace.grid(prepare=set_clock_back)
    assert second.end() == 0
    assert second.started == ["waits"]
    assert workplace.keeps(before)
    assert workplace.outcomes() == workplace.undisturbed()
