"""Whatever a baseline file holds, it is read or refused in words."""

import json
from pathlib import Path
from typing import Any

from gated_runs import TODAY, WHERE, a_baseline, a_place
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from archlab.errors import BaselineError
from archlab.planning.gate_rules import CostRules, GateRules
from archlab.results.baselines import read_baseline, write_baseline
from archlab.results.regressions import judge
from archlab.results.snapshots import SweepSnapshot

RULES = GateRules(costs=CostRules(parameters=0.1, model_mb=0.1, words_per_second=0.1))
PLACES = (a_place(), a_place("BOW", 0.7))
WHOLE = a_baseline(*PLACES).model_dump(mode="json")
NOW = SweepSnapshot(sweep="demo", where=WHERE, places=PLACES)

scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
)


def paths(data: Any, at: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    items = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    return [at, *(path for key, inner in items for path in paths(inner, (*at, key)))]


PATHS = paths(WHOLE)


def with_value(data: Any, path: tuple[str | int, ...], value: Any) -> Any:
    if not path:
        return value
    copied: Any = dict(data) if isinstance(data, dict) else list(data)
    copied[path[0]] = with_value(data[path[0]], path[1:], value)
    return copied


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(path=st.sampled_from(PATHS), value=values)
def test_what_is_changed_anywhere_is_judged_or_refused(
    tmp_path: Path, path: tuple[str | int, ...], value: Any
) -> None:
    file = tmp_path / "baseline.json"
    file.write_text(json.dumps(with_value(WHOLE, path, value)), encoding="utf8")
    try:
        baseline = read_baseline(file, "demo", "archlab regress")
        verdict = judge(baseline, NOW, RULES, RULES.of("acc"), TODAY)
    except BaselineError:
        return
    assert json.dumps(verdict.to_dict(), allow_nan=False)
    assert "\n" not in verdict.reason


def test_what_is_written_is_read_and_written_the_same(tmp_path: Path) -> None:
    file, baseline = tmp_path / "baseline.json", a_baseline(*PLACES)
    write_baseline(file, baseline)
    once = file.read_bytes()
    read = read_baseline(file, "demo", "archlab regress")
    assert read == baseline
    write_baseline(file, read)
    assert file.read_bytes() == once
