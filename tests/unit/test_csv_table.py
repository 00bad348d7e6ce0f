"""The table as CSV: numbers in full, nothing that a spreadsheet calculates."""

import csv
import io
from dataclasses import replace

import pytest
from test_tables import LAYOUT, RESULTS, place

from archlab.reporting.csv_table import csv_table
from archlab.results.tables import Layout, Place, Table, make_table


def read(table: Table) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(csv_table(table))))


def test_a_line_per_variant_with_numbers_in_full() -> None:
    rejected = Place(row="Tagger", column=None, variant_id=None, run_ids=(), rejected='it returns "lists", 2')
    layout = replace(LAYOUT, places=(*LAYOUT.places, rejected), scores_beside=("f",))
    base, other, tagger = read(make_table(layout, RESULTS))
    assert base["variant"] == "base Ensemble"
    assert (float(base["cats_micro_f"]), base["difference"], base["best"]) == (0.8500000000000001, "", "True")
    assert float(other["difference"]) == pytest.approx(-0.25)
    assert not other["difference"].startswith("'")
    assert float(other["f"]) == float(other["cats_micro_f"])
    assert (other["n"], other["done"], other["params"], other["seconds"]) == ("2", "2", "1000", "2.0")
    assert (tagger["rejected"], tagger["cats_micro_f"]) == ('it returns "lists", 2', "")


def test_a_line_per_column() -> None:
    places = (place("base", "a", "easy", 1), place("base", "b", "hard", 1), place("BOW", "b", "hard", 1))
    lines = read(make_table(Layout(sweep="s", score_name="f", places=places), RESULTS))
    assert [(line["variant"], line["column"]) for line in lines] == [
        ("base", "easy"),
        ("base", "hard"),
        ("BOW", "hard"),
    ]


@pytest.mark.parametrize(
    ("label", "told"),
    [
        ("=cmd|' /C calc'!A0", "'=cmd|' /C calc'!A0"),
        ("+1+1", "'+1+1"),
        ("-2+3", "'-2+3"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1+1", "'\t=1+1"),
        ("\r=1+1", "'=1+1"),
        ("\x1b[31m=1+1", "'=1+1"),
        ("＝1+1", "'＝1+1"),
        (" =1+1", "' =1+1"),
        ("-5", "-5"),
        ("+.5e-3", "+.5e-3"),
        ("dropout=0.1", "dropout=0.1"),
        ('a,b\n"c"', 'a,b\n"c"'),
    ],
)
def test_what_a_spreadsheet_would_calculate_stays_text(label: str, told: str) -> None:
    places = (place(label, "a", label), place("BOW", "b", label))
    table = make_table(Layout(sweep="s", score_name="f", places=places, scores_beside=(label,)), RESULTS)
    line = read(table)[0]
    assert (line["variant"], line["column"]) == (told, told)
    assert told in line
