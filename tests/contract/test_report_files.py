"""archlab report without a browser: files, exit codes, what a report holds."""

import json
from pathlib import Path

import pytest
from conftest import Cli
from reported_sweep import HOSTILE, reported_sweep
from stored_runs import a_store, ended, of_every_state

from archlab.plain import odd_character
from archlab.records import Reason
from archlab.reporting.report import documents, extra
from archlab.reporting.report.report_data import collect
from archlab.results.collection import Results, stored_results
from archlab.results.store import Store


@pytest.fixture(scope="module")
def sweep(tmp_path_factory: pytest.TempPathFactory) -> Store:
    broken = frozenset({f"{HOSTILE}, dropout=0.3"})
    return reported_sweep(tmp_path_factory.mktemp("sweep") / "experiments", broken=broken)


@pytest.fixture
def drawn_without(monkeypatch: pytest.MonkeyPatch) -> None:
    """No chart is drawn: where only the data of a page matters, and the extra may not be there."""
    from archlab.reporting.report import page

    monkeypatch.setattr(page, "CHARTS", ())
    monkeypatch.setattr(page, "chart_library", lambda: "")
    monkeypatch.setattr(extra, "PACKAGES", {})


@pytest.fixture
def results(sweep: Store) -> Results:
    return stored_results("demo", sweep.paths.folder.parent)


def test_the_same_store_gives_the_same_bytes(results: Results, sweep: Store, tmp_path: Path) -> None:
    pytest.importorskip("altair", reason="the extra archlab[report] is not installed")
    results.to_html(tmp_path / "one.html")
    stored_results("demo", sweep.paths.folder.parent).to_html(tmp_path / "two.html")
    assert (tmp_path / "one.html").read_bytes() == (tmp_path / "two.html").read_bytes()


def test_charts_are_files_too_as_svg_and_png(cli: Cli, sweep: Store, tmp_path: Path) -> None:
    pytest.importorskip("altair", reason="the extra archlab[report] is not installed")
    place = ("--experiments", sweep.paths.folder.parent, "--charts", tmp_path / "charts")
    done = cli("report", "demo", "-o", tmp_path / "r.html", *place)
    assert done.code == 0, done.err
    names = sorted(file.name for file in (tmp_path / "charts").iterdir())
    assert {
        "speed.svg",
        "speed.png",
        "seeds.svg",
        "curves.svg",
        "effects.png",
        "pairs-embed-x-dropout.svg",
    } <= {*names}
    assert f"{len(names)} charts in" in done.err
    for file in (tmp_path / "charts").iterdir():
        start = file.read_bytes()[:8]
        assert start.startswith(b"<svg" if file.suffix == ".svg" else b"\x89PNG"), file
    assert "<script" not in (tmp_path / "charts" / "seeds.svg").read_text(encoding="utf8")
    again = cli("report", "demo", "-o", tmp_path / "other.html", *place)
    assert again.code == 3
    assert "is there already" in again.err
    assert not (tmp_path / "other.html").exists()


@pytest.mark.usefixtures("drawn_without")
def test_the_page_goes_beside_the_runs_and_is_replaced_there(cli: Cli, tmp_path: Path) -> None:
    ended(a_store(tmp_path), "a7", 0.5)
    for _ in range(2):
        done = cli("report", "--experiments", tmp_path)
        assert (done.code, done.out) == (0, "")
    assert (tmp_path / "demo" / "report.html").is_file()


@pytest.mark.usefixtures("drawn_without")
def test_another_file_is_replaced_by_force_alone(cli: Cli, tmp_path: Path) -> None:
    ended(a_store(tmp_path), "a7", 0.5)
    file = tmp_path / "mine.html"
    file.write_text("mine", encoding="utf8")
    refused = cli("report", "demo", "-o", file, "--experiments", tmp_path)
    assert (refused.code, file.read_text(encoding="utf8")) == (3, "mine")
    assert cli("report", "demo", "-o", file, "--experiments", tmp_path, "--force").code == 0
    assert "<!DOCTYPE html>" in file.read_text(encoding="utf8")


def test_a_place_that_cannot_be_written_is_said_before_anything_is_done(cli: Cli, tmp_path: Path) -> None:
    ended(a_store(tmp_path), "a7", 0.5)
    (tmp_path / "file").touch()
    for output in (tmp_path / "file" / "r.html", tmp_path):
        done = cli("report", "demo", "-o", output, "--experiments", tmp_path)
        assert done.code == 3, done.err
        assert str(output.parent if output != tmp_path else output) in done.err


def test_no_results_and_no_such_sweep(cli: Cli, tmp_path: Path) -> None:
    assert cli("report", "--experiments", tmp_path).code == 5
    a_store(tmp_path)
    done = cli("report", "demo", "--experiments", tmp_path)
    assert done.code == 5
    assert "There are no results of demo" in done.err
    assert cli("report", "dmeo", "--experiments", tmp_path).code == 2


def test_without_the_extra_its_command_is_the_answer(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(extra, "PACKAGES", {"no_such_altair": "altair"})
    ended(a_store(tmp_path), "a7", 0.5)
    done = cli("report", "demo", "--experiments", tmp_path)
    assert done.code == 3
    assert "pip install 'archlab[report]'" in done.err


def test_one_variant_has_nothing_to_be_compared_with(tmp_path: Path) -> None:
    ended(a_store(tmp_path), "a7", 0.5)
    data = collect(stored_results("demo", tmp_path))
    assert [answer.text for answer in data.answers] == [
        "One variant alone has a score, base Ensemble: there is nothing to compare it with."
    ]
    assert data.chosen == ("base Ensemble",)


def test_where_all_failed_that_is_the_answer(tmp_path: Path) -> None:
    store = a_store(tmp_path)
    for run_id in ("a7", "b7"):
        ended(store, run_id, None, Reason(kind="nan", message="the loss is NaN"))
    data = collect(stored_results("demo", tmp_path))
    assert data.answers[0].text == "No variant can be taken: 2 runs failed, and none has a score."
    assert data.datasets["cells"] == []
    assert len(data.problems) == 2


def test_runs_in_every_state_are_told(tmp_path: Path) -> None:
    of_every_state(tmp_path)
    data = collect(stored_results("demo", tmp_path))
    states = {run["id"]: run["status"] for place in data.places for run in place["runs"]}
    assert states == {
        "a7": "done",
        "a8": "failed",
        "b7": "missing",
        "b8": "missing",
        "c7": "missing",
        "c8": "missing",
    }


def test_all_of_it_is_json_without_control_characters(results: Results) -> None:
    text = json.dumps(collect(results).to_dict(), ensure_ascii=False, allow_nan=False)
    assert odd_character(text) is None
    assert HOSTILE in {row["variant"] for row in json.loads(text)["datasets"]["cells"]}


def test_cells_know_the_front_and_what_is_advised(results: Results) -> None:
    cells = collect(results).datasets["cells"]
    for cell in cells:
        beaten = [o for o in cells if o["mean"] > cell["mean"] and o["words"] >= cell["words"]]
        assert cell["front"] == (not beaten)
    assert sum(cell["kind"] == "advised" for cell in cells) == 1
    named = [cell for cell in cells if cell["kind"] != "behind it"]
    assert [cell["number"] for cell in named] == list(range(1, len(named) + 1))


def test_pairs_of_choices_are_means_over_the_variants_with_both(results: Results) -> None:
    data = collect(results)
    means = {cell["variant"]: cell["mean"] for cell in data.datasets["cells"]}
    pair = next(
        p for p in data.datasets["pairs"] if p["one"] == "embed = CharacterEmbed" and "0.3" in p["other"]
    )
    assert pair["mean"] == pytest.approx(means["CharacterEmbed, dropout=0.3"])


def test_without_texts_no_document_is_quoted(results: Results) -> None:
    (found,) = collect(results, texts=False).documents
    assert "texts" not in found
    assert found["without_text"] == "The report was made without them"


def test_documents_that_a_page_has_no_place_for_are_counted(
    results: Results, monkeypatch: pytest.MonkeyPatch
) -> None:
    (whole,) = collect(results).documents
    runs, differ = len(whole["runs"]), len(whole["numbers"])
    assert (whole["left_out"], differ > 9) == (0, True)
    monkeypatch.setattr(documents, "MOST_BITS", 9 * runs)
    (cut,) = collect(results).documents
    assert (cut["numbers"], cut["left_out"]) == (whole["numbers"][:9], differ - 9)
