"""A table in a notebook: the same as in a terminal, and nothing in it acts."""

from dataclasses import replace
from html.parser import HTMLParser

from test_tables import LAYOUT, RESULTS, place, result

from archlab.reporting.html_table import html_table
from archlab.reporting.sheets import make_sheet
from archlab.results.collection import Results
from archlab.results.layouts import Layout
from archlab.results.tables import make_table

HOSTILE = "<script>alert(1)</script> & \u202e\x1b[31m\"'"


class Cells(HTMLParser):
    """The texts of all cells, row by row, and every tag."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.tags: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.append(tag)
        if tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_data(self, data: str) -> None:
        if self.rows and self.rows[-1] and self.tags[-1] not in ("p", "table", "tbody", "thead"):
            self.rows[-1][-1] += data.rstrip("\n")


def test_it_has_the_rows_of_the_table_and_the_best_bold() -> None:
    table = make_table(LAYOUT, RESULTS)
    found = Cells(html_table(table))
    sheet = make_sheet(table)
    assert found.rows[0] == [column.header for column in sheet.columns]
    assert found.rows[1:] == [[entry.text for entry in row] for row in sheet.rows]
    assert found.tags.count("b") == 1
    assert "<b>.850 ± .071</b>" in html_table(table)


def test_a_difference_stands_beside_its_score() -> None:
    layout = Layout(sweep="s", score_name="f", places=(place("base", "a", "x", 1), place("BOW", "b", "x", 1)))
    html = html_table(make_table(layout, {"a0": result("a0", 0.9), "b0": result("b0", 0.8)}))
    assert ".800 <small>-.100</small>" in html


def test_labels_scores_and_reasons_of_others_are_text() -> None:
    places = (
        replace(LAYOUT.places[1], row="base"),
        replace(LAYOUT.places[0], row=HOSTILE, rejected=f"no: {HOSTILE}"),
    )
    html = html_table(make_table(replace(LAYOUT, places=places, scores_beside=(HOSTILE,)), RESULTS))
    assert set(Cells(html).tags) <= {*["div", "p", "table", "thead", "tbody", "tr", "th", "td", "b", "small"]}
    assert not set(html) & {"\x1b", "\u202e"}
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; " in html


def test_a_notebook_shows_results_so() -> None:
    results = Results(LAYOUT, RESULTS)
    assert results._repr_html_() == html_table(results.table())
