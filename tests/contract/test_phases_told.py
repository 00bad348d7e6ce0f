"""archlab table --phases: of stored runs, as text and as JSON."""

import json
from pathlib import Path

import pytest
from compared_variants import two_variants
from conftest import Cli


def test_phases_are_told_of_every_run(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    results = two_variants(seeds=2)
    found = json.loads(cli("table", "demo", "--phases", "--format", "json").out)
    assert [run["run_id"] for run in found["runs"]] == [r.run_id for r in results]
    assert found["runs"][0].keys() >= {"start", "update", "other", "total"}
    assert "all 4 runs" in cli("table", "demo", "--phases").out


@pytest.mark.parametrize("options", [("--effects",), ("--format", "latex")])
def test_what_cannot_be_shown_together_is_wrong_usage(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...]
) -> None:
    monkeypatch.chdir(tmp_path)
    two_variants(seeds=2)
    assert cli("table", "demo", "--phases", *options).code == 2
