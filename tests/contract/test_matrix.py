"""The matrix says what fits says, and the page in docs/ says what the installed versions say."""

import json
import re
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import archlab
from archlab.catalog.extras import EXTRAS
from archlab.checking.blank_pipelines import blank_pipelines, trainable_factories
from archlab.checking.compatibility import Column
from archlab.checking.fitting import Candidate
from archlab.configs.filling import fill_config
from archlab.configs.loading import parse_config
from archlab.errors import UsageError

if TYPE_CHECKING:
    from conftest import Cli

PAGE = Path(__file__).resolve().parents[2] / "docs" / "compatibility.md"
SAMPLE = ("senter", "tok2vec", "span_finder")

Cells = dict[tuple[str, str], str]
"""(block, column) -> cell; what is not there is blank."""


def test_every_trainable_component_of_spacy_is_there() -> None:
    known = {"tok2vec", "tagger", "parser", "ner", "textcat", "spancat", "entity_linker", "span_finder"}
    assert known <= set(trainable_factories())
    assert not {"sentencizer", "lemmatizer", "entity_ruler"} & set(trainable_factories())


@pytest.mark.parametrize("factory", ["tagger", "textcat", "tok2vec", "spancat"])
def test_blank_pipelines_are_free_of_findings(factory: str) -> None:
    pipelines = list(blank_pipelines(factory))
    for pipeline in pipelines:
        assert not archlab.check(pipeline.config).findings
    slots = [slot for pipeline in pipelines for slot in pipeline.slots]
    assert any(slot.endswith(".embed") for slot in slots)
    assert [p.layout for p in pipelines].count("shared") == (factory != "tok2vec")


def test_a_column_is_what_fits_says_of_that_slot() -> None:
    def verdicts(candidates: "list[Candidate] | tuple[Candidate, ...]") -> list[Candidate]:
        # other tests register blocks of their own in this process, some of them between the two
        return [one for one in candidates if one.registry == "layers" or one.name.startswith("spacy.")]

    (sheet,) = archlab.matrix(["senter"]).sheets
    first: Column = sheet.columns[0]
    text = (
        '[nlp]\nlang = "en"\npipeline = ["senter"]\n[components]\n[components.senter]\nfactory = "senter"\n'
    )
    assert (first.path, first.layout) == ("model", "default")
    assert verdicts(first.candidates) == verdicts(
        archlab.fits(fill_config(parse_config(text)), "senter.model")
    )
    assert [(column.path, column.layout) for column in sheet.columns] == [
        ("model", "default"),
        ("model.tok2vec", "default"),
        ("model.tok2vec.embed", "spelled"),
        ("model.tok2vec.encode", "spelled"),
        ("model.tok2vec", "shared"),
    ]


def test_a_component_that_is_not_there_is_wrong_usage() -> None:
    with pytest.raises(UsageError, match="Did you mean tagger"):
        archlab.matrix(["taggr"])


def test_a_factory_whose_own_config_is_wrong_is_left_out_with_the_reason() -> None:
    found = archlab.matrix(["nn_labeller"])
    assert found.sheets == ()
    assert "spacy.MultiTask.v1" in found.left_out["nn_labeller"]


class TestCommand:
    """archlab matrix."""

    def test_text_and_json(self, cli: "Cli") -> None:
        done = cli("matrix", "nn_labeller")
        assert (done.code, done.out[:26]) == (0, "nn_labeller is left out: i")
        found = json.loads(cli("matrix", "tok2vec", "--format", "json").out)
        assert set(found) == {"schema_version", "versions", "probed", "components", "left_out"}
        assert found["components"][0]["slots"][0]["path"] == "components.tok2vec.model"
        shown = cli("matrix", "tok2vec").out
        assert re.search(r"^block +model +embed +encode", shown, re.MULTILINE)
        assert re.search(r"^spacy.MaxoutWindowEncoder.v2 +fits", shown, re.MULTILINE)

    def test_a_file_is_replaced_only_when_told_to(self, cli: "Cli", tmp_path: Path) -> None:
        page = tmp_path / "docs" / "page.md"
        arguments = ("matrix", "nn_labeller", "--format", "markdown", "-o", page)
        assert cli(*arguments).code == 0
        assert page.read_text().startswith("# Which block fits where")
        done = cli(*arguments)
        assert done.code == 3
        assert "Add --force to replace it." in done.err
        assert cli(*arguments, "--force").code == 0


def read_page(text: str) -> dict[str, Cells]:
    """The tables of a page by component."""
    tables: dict[str, Cells] = {}
    components: list[str] = []
    headers: list[str] = []
    for line in text.splitlines():
        if line.startswith("## "):
            components = line.removeprefix("## ").split(", ")
            tables |= {component: {} for component in components}
        elif line.startswith("| block "):
            headers = [header.strip() for header in line.strip("|").split("|")][1:]
        elif line.startswith("| `"):
            block, *cells = (part.strip() for part in line.removeprefix("|").removesuffix("|").split("|"))
            for component in components:
                tables[component] |= {
                    (block, header): cell for header, cell in zip(headers, cells, strict=True) if cell
                }
    return tables


def may_follow(by_types: str, probed: str) -> bool:
    """Whether a probed page may say that of a pair of which the types say this."""
    if by_types == "fits":
        return probed in ("fits", "fits*", "by type", "")
    return by_types == "?" or by_types == probed


def test_the_page_in_docs_says_what_the_installed_versions_say() -> None:
    page = PAGE.read_text(encoding="utf8")
    for name in ("spacy", "spacy-legacy", "thinc"):
        if f"{name} {version(name)}" not in page:
            pytest.skip(f"docs/compatibility.md was made with another {name}: make compatibility")
    # a process of its own: blocks that other tests register would be rows here
    command = [sys.executable, "-m", "archlab", "matrix", *SAMPLE, "--format", "markdown"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    now, then = read_page(done.stdout), read_page(page)
    is_probed = "archlab matrix --probe" in page
    for component in SAMPLE:
        assert then[component]
        for pair in {*now[component], *then[component]}:
            if any(f"`{extra.package}." in pair[0] for extra in EXTRAS):
                continue  # the page is the same with and without the extras
            by_types, said = now[component].get(pair, ""), then[component].get(pair, "")
            assert may_follow(by_types, said) if is_probed else by_types == said, (component, pair)
