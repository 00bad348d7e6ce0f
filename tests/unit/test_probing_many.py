"""Many probes: as many at once as asked for, equal configs once, and what a verdict becomes after one."""

import threading
import time
from collections.abc import Mapping
from typing import Any

import pytest

from archlab.checking import fitting, probing_many
from archlab.checking.fitting import Candidate, Fitness, Trial, probed
from archlab.checking.isolating import SECONDS
from archlab.checking.probing_many import probe_all
from archlab.records import Finding, Severity


def finding(severity: Severity, message: str) -> Finding:
    return Finding(severity=severity, slot="components.a.model", message=message)


ERROR, OTHER = finding("error", "it fails"), finding("error", "it fails in another way")
WARNING, NOTE = finding("warning", "a dead layer"), finding("note", "made up documents")
UNPROBED = finding("warning", "not probed: its process was still starting")


def trial(verdict: Fitness, after: Mapping[str, Any] | None) -> Trial:
    candidate = Candidate(
        registry="architectures",
        name="a.v1",
        verdict=verdict,
        reason="as before",
        returns="Model",
        arguments={},
        summary="",
    )
    return Trial(candidate, {"is": "before"}, after)


@pytest.mark.parametrize(
    ("was", "before", "after", "verdict", "reason"),
    [
        ("unknown", [], [NOTE], "fits", ""),
        ("fits", [], [], "fits", ""),
        ("unknown", [], [WARNING, ERROR], "misfit", "it fails"),
        ("fits", [NOTE], [ERROR], "misfit", "it fails"),
        ("unknown", [], [WARNING], "fits", "a dead layer"),
        ("unknown", [WARNING], [WARNING], "fits", ""),
        ("unknown", [], [UNPROBED], "unknown", UNPROBED.message),
        ("unknown", [UNPROBED], [UNPROBED], "unknown", UNPROBED.message),
        ("fits", [UNPROBED], [UNPROBED], "fits", UNPROBED.message),
        ("unknown", [ERROR], [ERROR], "unknown", "not probed: the config fails as it is: it fails"),
        ("fits", [ERROR], [ERROR], "fits", "not probed: the config fails as it is: it fails"),
        ("fits", [ERROR], [OTHER], "misfit", "it fails in another way"),
    ],
)
def test_a_probe_decides_by_what_is_new_in_it(
    was: Fitness,
    before: list[Finding],
    after: list[Finding],
    verdict: Fitness,
    reason: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def found(configs: Mapping[str, Any], **_: Any) -> dict[str, list[Finding]]:
        return {key: before if config["is"] == "before" else after for key, config in configs.items()}

    monkeypatch.setattr(fitting, "probe_all", found)
    (candidate,) = probed([trial(was, {"is": "after"})])
    assert (candidate.verdict, candidate.reason) == (verdict, reason)


def test_what_has_no_config_keeps_its_reason_and_equal_configs_are_probed_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    given: list[Any] = []

    def found(configs: Mapping[str, Any], **_: Any) -> dict[str, list[Finding]]:
        given.extend(configs.values())
        return {key: [] for key in configs}

    monkeypatch.setattr(fitting, "probe_all", found)
    candidates = probed([trial("unknown", None), trial("fits", {"is": "a"}), trial("unknown", {"is": "a"})])
    assert [candidate.verdict for candidate in candidates] == ["unknown", "fits", "fits"]
    assert candidates[0].reason == "as before"
    assert sorted(config["is"] for config in given) == ["a", "before"]


class TestPool:
    """The threads that wait for probes."""

    @pytest.fixture(autouse=True)
    def _without_spacy(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.at_once = self.most = 0
        self.stopped: list[bool] = []
        self.lock = threading.Lock()

        def build(config: Any, seconds: float, memory: Any) -> list[Finding]:
            assert seconds == config.get("seconds", SECONDS)
            return list(config.get("builds", []))

        def probe(config: Any, code: Any, seconds: float, stop: threading.Event) -> list[Finding]:
            with self.lock:
                self.at_once += 1
                self.most = max(self.most, self.at_once)
            self.stopped.append(stop.wait(config["takes"]))
            with self.lock:
                self.at_once -= 1
            return [WARNING]

        monkeypatch.setattr(probing_many, "check_probe", probe)
        monkeypatch.setattr(probing_many, "check_builds", build)

    @pytest.mark.parametrize("jobs", [1, 3])
    def test_as_many_at_once_as_jobs_say(self, jobs: int) -> None:
        told: list[tuple[int, int]] = []
        configs = {str(number): {"takes": 0.05} for number in range(6)}
        found = probe_all(configs, jobs=jobs, on_probe=lambda done, total: told.append((done, total)))
        assert found == {key: [WARNING] for key in configs}
        assert self.most == jobs
        assert told == [(number, 6) for number in range(1, 7)]

    def test_what_cannot_be_built_is_not_probed(self) -> None:
        assert probe_all({"a": {"takes": 60, "builds": [ERROR]}}) == {"a": [ERROR]}

    def test_building_may_take_as_long_as_probing(self) -> None:
        assert probe_all({"a": {"takes": 0, "seconds": 3.0}}, seconds=3.0) == {"a": [WARNING]}

    def test_an_interruption_stops_what_runs_and_starts_nothing_more(self) -> None:
        def interrupt(done: int, total: int) -> None:
            raise KeyboardInterrupt

        configs: dict[str, dict[str, float]] = {
            "quick": {"takes": 0.01},
            **{str(number): {"takes": 60} for number in range(5)},
        }
        started = time.monotonic()
        with pytest.raises(KeyboardInterrupt):
            probe_all(configs, jobs=2, on_probe=interrupt)
        assert time.monotonic() - started < 5
        assert 1 <= self.stopped.count(True) <= 2
