"""The report in a browser: what it shows, what it does, and what it does not let happen."""

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from reported_sweep import HOSTILE, HOSTILE_LINE, RIGHT_TO_LEFT, reported_sweep

from archlab.plain import printable
from archlab.reporting.report import documents
from archlab.reporting.report.charts import CHARTS
from archlab.results.collection import stored_results

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytest.importorskip("altair", reason="the extra archlab[report] is not installed")
playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
CHROMIUM = shutil.which("chromium")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium: apt-get install chromium"),
]

LONG = "TextCatReduce.v1(use_reduce_first=True, use_reduce_last=True), encode=MaxoutWindowEncoder.v2(depth=8)"
TEXT = "<i>Who</i> is \u202eright\u202c here?"
MOST_BYTES = 8_000_000
OPEN_SECONDS = 2.0
MOST_MILLISECONDS = 200

MEASURE = """async () => {
  const times = [];
  for (let number = 0; number < 3; number++) {
    const began = performance.now();
    ACT;
    document.body.offsetHeight;
    times.push(performance.now() - began);
    await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
  }
  return Math.min(...times);
}"""
"""The fastest of three: another process may have had the core meanwhile."""


@dataclass
class Opened:
    """A page, and what it asked for and complained of since it was opened."""

    page: "Page"
    requests: list[str]
    complaints: list[str]


@pytest.fixture(scope="module")
def browser() -> Iterator["Browser"]:
    with playwright.sync_playwright() as play:
        arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
        yield play.chromium.launch(executable_path=CHROMIUM, args=arguments)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of a sweep with names and texts that want to be more than text; one variant failed."""
    folder = tmp_path_factory.mktemp("report")
    broken = frozenset({f"{LONG}, dropout=0.3"})
    embeds = ("base", "CharacterEmbed", HOSTILE, RIGHT_TO_LEFT, LONG)
    reported_sweep(folder / "experiments", embeds=embeds, broken=broken)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(documents, "dev_texts", lambda paths, run_id, words: [TEXT] * len(words))
        stored_results("demo", folder / "experiments").to_html(folder / "report.html")
    return folder / "report.html"


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of 100 variants with 5 runs each."""
    folder = tmp_path_factory.mktemp("large")
    embeds = ("base", *(f"MultiHashEmbed.v2(rows=[{n}000,1000,1000,1000])" for n in range(1, 10)))
    dropouts = [number / 20 for number in range(10)]
    reported_sweep(folder / "experiments", embeds=embeds, dropouts=dropouts, seeds=5)
    stored_results("demo", folder / "experiments").to_html(folder / "report.html")
    return folder / "report.html"


def opened(browser: "Browser", file: Path, *, width: int = 1280, scheme: str = "light") -> Opened:
    viewport = {"width": width, "height": 850}
    context = browser.new_context(viewport=viewport, color_scheme=scheme, offline=True)  # type: ignore[arg-type]
    found = Opened(context.new_page(), [], [])
    found.page.on("request", lambda request: found.requests.append(request.url))
    found.page.on("console", lambda message: found.complaints.append(message.text))
    found.page.on("pageerror", lambda error: found.complaints.append(str(error)))
    found.page.goto(file.as_uri())
    found.page.wait_for_selector("html[data-ready]", state="attached")
    return found


@pytest.fixture(scope="module")
def seen(browser: "Browser", written: Path) -> Opened:
    """The report as it is first seen; tests leave it as it was."""
    return opened(browser, written)


def first_names(page: "Page") -> list[str]:
    return page.locator("#variants tbody tr:visible th button").all_inner_texts()


def test_it_begins_with_the_answer_and_a_picture(seen: Opened) -> None:
    answer = seen.page.locator("#answers")
    assert "Take " in answer.inner_text()
    seen.page.wait_for_selector("#answer .chart[data-state=drawn] svg")
    box = seen.page.locator("#answer .chart svg").bounding_box()
    assert box is not None
    assert box["y"] + box["height"] < 850


def test_every_chart_is_drawn_when_it_comes_into_view(seen: Opened) -> None:
    for chart in CHARTS:
        place = seen.page.locator(f".chart[data-chart={chart.name}]")
        place.scroll_into_view_if_needed()
        place.and_(seen.page.locator("[data-state]")).wait_for()
        expected = "absent" if chart.name == "columns" else "drawn"
        assert place.get_attribute("data-state") == expected, chart.name
        if expected == "drawn":
            assert place.locator("svg .mark-symbol path, svg .mark-rect path").count() > 0, chart.name
            assert chart.told in (place.locator("div[aria-label]").first.get_attribute("aria-label") or "")
        else:
            assert chart.absent in place.inner_text()


def test_a_chart_tells_its_numbers_as_a_table(seen: Opened) -> None:
    place = seen.page.locator(".chart[data-chart=seeds]")
    place.scroll_into_view_if_needed()
    place.locator("summary").click()
    rows = place.locator("table tbody tr")
    rows.first.wait_for()
    assert rows.count() == 27
    place.locator("summary").click()


def test_a_heading_sorts_by_mouse_and_by_keyboard(seen: Opened) -> None:
    heading = seen.page.locator("#variants thead th", has_text="score")
    heading.locator("button").click()
    assert heading.get_attribute("aria-sort") == "descending"
    falling = first_names(seen.page)
    heading.locator("button").press("Enter")
    assert heading.get_attribute("aria-sort") == "ascending"
    rising = first_names(seen.page)
    assert falling[-1] == rising[-1] == f"{LONG}, dropout=0.3", "what is not known comes last"
    assert rising[:-1] == falling[-2::-1]


def test_words_and_the_front_filter_rows(seen: Opened) -> None:
    seen.page.fill("#words", "DROPOUT=0.3 character")
    assert first_names(seen.page) == ["CharacterEmbed, dropout=0.3"]
    assert seen.page.inner_text("#shown") == "1 of 10 rows"
    seen.page.fill("#words", "failed")
    assert first_names(seen.page) == [f"{LONG}, dropout=0.3"]
    seen.page.fill("#words", "")
    seen.page.check("#front")
    assert 0 < len(first_names(seen.page)) < 10
    seen.page.uncheck("#front")
    assert len(first_names(seen.page)) == 10


def test_a_name_opens_its_runs_with_config_and_log(seen: Opened) -> None:
    seen.page.locator("#variants tbody button", has_text="CharacterEmbed, dropout=0.3").press("Enter")
    dialog = seen.page.locator("#details")
    assert "dropout = 0.1 -> 0.3" in dialog.inner_text()
    runs = dialog.locator("details.run")
    assert runs.count() == 3
    runs.nth(1).locator("summary").click()
    assert "spacy train experiments/demo/runs/000003000001/config.cfg" in runs.nth(1).inner_text()
    assert runs.nth(1).locator("pre.log").inner_text() == f"Training begins\n{printable(HOSTILE_LINE)}"
    seen.page.keyboard.press("Escape")
    assert not dialog.is_visible()


def test_marked_rows_are_drawn_and_no_more_than_can_be_told_apart(seen: Opened) -> None:
    marks = seen.page.locator("#variants tbody input")
    before = [marks.nth(number).is_checked() for number in range(10)]
    for number in range(10):
        if not before[number] and sum(before) < 8:
            marks.nth(number).check()
            before[number] = True
    assert sum(marks.nth(number).is_checked() for number in range(10)) == 8
    left = before.index(False)
    marks.nth(left).click()
    assert not marks.nth(left).is_checked()
    assert "8 rows are drawn at most" in seen.page.inner_text("#shown")


def test_documents_that_flipped_are_those_of_the_two_chosen(seen: Opened, written: Path) -> None:
    seen.page.select_option("#a", "base Tok2Vec.v2")
    seen.page.select_option("#b", "CharacterEmbed, dropout=0.3")
    results = stored_results("demo", written.parent / "experiments")
    compared = results.compare("base Tok2Vec.v2", "CharacterEmbed, dropout=0.3")
    assert compared.flips is not None
    told = seen.page.inner_text("#flips")
    assert f"A gets right and B does not, in most seeds: {compared.flips.count_a} of 60" in told
    assert f"B gets right and A does not, in most seeds: {compared.flips.count_b} of 60" in told
    first = seen.page.locator("#flips table").nth(1).locator("tbody td").first
    assert first.inner_text() == str(compared.flips.for_b[0].document)
    assert printable(TEXT) in told
    seen.page.select_option("#b", "base Tok2Vec.v2")
    assert "Choose two that differ." in seen.page.inner_text("#flips")


def test_what_wants_to_be_markup_shows_as_text(seen: Opened) -> None:
    page = seen.page
    assert page.evaluate("window.hacked") is None
    assert page.locator("img, #variants script, #details script, b, i").count() == 0
    assert HOSTILE in first_names(page)
    assert "the loss is NaN <img src=x" in page.inner_text("#problems")
    assert "</pre><b>not bold</b>" in str(page.locator("#sweep-file").text_content())
    assert page.locator("script").count() == 3
    assert "\x1b" not in page.content()
    assert "\u202e" not in page.content()


def test_nothing_was_asked_for_and_nothing_complained(seen: Opened) -> None:
    """Stands behind the tests that use the page."""
    assert seen.requests == [seen.page.url]
    assert seen.complaints == []
    refused = seen.page.evaluate("fetch('data:,x').then(() => 'fetched', () => 'refused')")
    assert refused == "refused"
    seen.complaints.clear()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_it_fits_and_follows_the_colours_of_the_reader(
    browser: "Browser", written: Path, width: int, scheme: str
) -> None:
    found = opened(browser, written, width=width, scheme=scheme)
    found.page.wait_for_selector("#answer .chart[data-state=drawn] svg")
    assert found.page.evaluate("document.documentElement.scrollWidth") <= width
    red = int(found.page.evaluate("getComputedStyle(document.body).backgroundColor.match(/\\d+/)[0]"))
    assert (red > 200) == (scheme == "light")
    found.page.context.close()


@pytest.mark.parametrize("width", [1280, 390])
def test_names_beside_points_do_not_overlap(
    browser: "Browser", written: Path, large: Path, width: int
) -> None:
    for file in (written, large):
        found = opened(browser, file, width=width)
        found.page.wait_for_selector("#answer .chart[data-state=drawn] svg")
        boxes = found.page.evaluate(
            "[...document.querySelectorAll('#answer .chart .mark-text.role-mark text')]"
            ".filter((text) => text.textContent && text.getAttribute('opacity') !== '0')"
            ".map((text) => text.getBoundingClientRect().toJSON())"
        )
        assert boxes
        for one, other in combinations(boxes, 2):
            apart = one["right"] <= other["left"] or other["right"] <= one["left"]
            assert apart or one["bottom"] <= other["top"] + 2 or other["bottom"] <= one["top"] + 2
        found.page.context.close()


def test_500_runs_open_sort_and_filter_at_once(browser: "Browser", large: Path) -> None:
    assert large.stat().st_size < MOST_BYTES
    found = opened(browser, large)
    found.page.wait_for_selector("#answer .chart[data-state=drawn] svg")
    took = found.page.evaluate("performance.getEntriesByType('navigation')[0].loadEventEnd / 1000")
    assert took < OPEN_SECONDS
    assert len(first_names(found.page)) == 100
    sort = "document.querySelectorAll('#variants thead button')[1].click()"
    type_in = (
        "const i = document.getElementById('words'); i.value = '0.2'; i.dispatchEvent(new Event('input'))"
    )
    for act in (sort, type_in):
        assert found.page.evaluate(MEASURE.replace("ACT", act)) < MOST_MILLISECONDS
    found.page.context.close()


def test_without_a_speed_the_picture_is_that_of_scores(browser: "Browser", tmp_path: Path) -> None:
    reported_sweep(tmp_path / "experiments", seeds=1, has_speed=False)
    stored_results("demo", tmp_path / "experiments").to_html(tmp_path / "report.html")
    found = opened(browser, tmp_path / "report.html")
    found.page.wait_for_selector("#answer .chart[data-chart=seeds][data-state=drawn] svg")
    assert found.complaints == []
    found.page.context.close()
