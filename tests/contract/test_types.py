"""The table of types says what the catalog says, and the page in docs/ what the installed versions say."""

import json
import re
from functools import cache
from importlib.metadata import version
from pathlib import Path

import pytest
from conftest import ROOT, Cli, Finished
from many_commands import run_commands

from archlab.catalog.data_types import DataType, Given, TypeTable, types
from archlab.catalog.registered import factory_signature, signature
from archlab.catalog.signatures import accepts

PAGE = ROOT / "docs" / "types.md"
GUIDE = ("List[Doc]", "Floats2d", "Ints2d", "List[Floats2d]", "Ragged", "Padded")


@cache
def found() -> TypeTable:
    return types()


def the_type(name: str) -> DataType:
    return next(one for one in found().types if one.name == name)


def given_by(block: str) -> Given:
    return next(one for one in found().given if block in one.blocks)


def wanted_by(who: str) -> int:
    """The number of the column that a slot asks for."""
    return next(number for number, one in enumerate(found().wanted) if who in one.by)


def test_the_types_of_the_guide_come_first_and_each_says_what_it_is() -> None:
    assert tuple(one.name for one in found().types[:6]) == GUIDE
    for name in GUIDE:
        assert the_type(name).meaning
        assert the_type(name).shape


@pytest.fixture(scope="module")
def said() -> dict[str, Finished]:
    """What `archlab types` says in other processes: other tests register blocks in this one."""
    code = ROOT / "examples" / "types" / "chained.py"
    return run_commands(
        {
            "text": ["types"],
            "json": ["types", "--format", "json"],
            "markdown": ["types", "--format", "markdown"],
            "with code": ["types", "--format", "json", "--code", code],
        }
    )


def test_every_type_of_spacy_and_thinc_has_a_meaning(said: dict[str, Finished]) -> None:
    told = json.loads(said["json"].out)
    assert [one["name"] for one in told["types"] if not one["meaning"] or not one["shape"]] == []


def test_who_takes_and_gives_a_type() -> None:
    ragged = the_type("Ragged")
    assert {"reduce_mean.v1", "ragged2list.v1", "with_array.v1"} <= set(ragged.taken_by)
    assert {"list2ragged.v1", "spacy.StaticVectors.v2"} <= set(ragged.given_by)
    assert not {"Linear.v1", "list2ragged.v1", "spacy.TextCatBOW.v3"} & set(ragged.taken_by)
    assert "spacy.MultiHashEmbed.v2" in the_type("List[Floats2d]").given_by
    assert "spacy.MultiHashEmbed.v2" in the_type("List[Doc]").taken_by


def test_what_a_type_fits_besides_itself() -> None:
    lists, arrays = the_type("ListXd"), the_type("List[Floats2d]")
    assert "ListXd" in arrays.fits
    assert "List[Floats2d]" in lists.unknown
    assert not {"Floats2d", "Ragged"} & {*arrays.fits, *arrays.unknown}


@pytest.mark.parametrize(
    ("registry", "block", "component", "verdict"),
    [
        ("architectures", "spacy.TextCatBOW.v3", "textcat", "fits"),
        ("architectures", "spacy.TextCatBOW.v3", "tagger", "misfit"),
        ("architectures", "spacy.Tagger.v2", "tagger", "fits"),
        ("architectures", "spacy.Tagger.v2", "textcat", "misfit"),
        ("architectures", "spacy.TransitionBasedParser.v2", "ner", "fits"),
        ("architectures", "spacy.SpanCategorizer.v1", "spancat", "fits"),
        ("layers", "PyTorchWrapper.v3", "tagger", "unknown"),
        ("layers", "chain.v1", "textcat", "unknown"),
    ],
)
def test_the_matrix_is_the_algebra(registry: str, block: str, component: str, verdict: str) -> None:
    expected = factory_signature(component).parameter("model")
    assert expected is not None
    assert accepts(expected.annotation, signature(registry, block).returns) == verdict
    assert given_by(block).verdicts[wanted_by(f"{component}.model")] == verdict


def test_blocks_whose_variables_have_one_name_and_other_bounds_are_told_apart() -> None:
    encode = wanted_by("spacy.Tok2Vec.v2 (encode)")
    assert given_by("Dropout.v1").returns == given_by("expand_window.v1").returns == "Model[InT, InT]"
    assert given_by("Dropout.v1").verdicts[encode] == "fits"
    assert given_by("expand_window.v1").verdicts[encode] == "misfit"


class TestCommand:
    """archlab types."""

    def test_as_text_and_json(self, said: dict[str, Finished]) -> None:
        shown = said["text"].out
        assert re.search(
            r"^List\[Floats2d\] +n_docs arrays of \(n_tokens, width\) +\d+ +\d+ +ListXd", shown, re.M
        )
        assert re.search(r"^Model\[List\[Doc\], Floats2d\] +fits +spacy.EntityLinker.v1, ", shown, re.M)
        told = json.loads(said["json"].out)
        assert set(told) == {"schema_version", "types", "wanted", "given"}
        assert all(len(row["verdicts"]) == len(told["wanted"]) for row in told["given"])

    def test_one_type(self, cli: Cli) -> None:
        assert "taken by     " in cli("types", "padded").out
        assert json.loads(cli("types", "Padded", "--format", "json").out)["name"] == "Padded"
        wrong = cli("types", "Paded")
        assert (wrong.code, wrong.err) == (
            2,
            "error  No registered block states a type Paded.\n       Did you mean Padded?\n",
        )
        assert cli("types", "Padded", "--format", "markdown").code == 2

    def test_blocks_of_ones_own_are_among_them(self, said: dict[str, Finished]) -> None:
        told = json.loads(said["with code"].out)
        (given,) = [one for one in told["given"] if "mean_of_tokens.v1" in one["blocks"]]
        asked = [one["by"] for one in told["wanted"]]
        assert given["verdicts"][asked.index(["chain_model.v1 (layer1)"])] == "fits"

    def test_a_file_is_replaced_only_when_told_to(self, cli: Cli, tmp_path: Path) -> None:
        page = tmp_path / "types.md"
        assert cli("types", "--format", "markdown", "-o", page).code == 0
        assert page.read_text().startswith("# The types of layers")
        assert cli("types", "-o", page).code == 3


def without_own_blocks(page: str) -> list[str]:
    """The lines of a page without versions and archlab's own blocks, which an older installation lacks."""
    lines = [line for line in page.splitlines() if not re.search(r"\| `archlab\.[^`]*` \|$|^Made by", line)]
    return [re.sub(r"`archlab\.[^`]*`, |, `archlab\.[^`]*`", "", line) for line in lines]


def test_the_page_in_docs_says_what_the_installed_versions_say(said: dict[str, Finished]) -> None:
    page = PAGE.read_text(encoding="utf8")
    for name in ("spacy", "spacy-legacy", "thinc"):
        if f"{name} {version(name)}" not in page:
            pytest.skip(f"docs/types.md was made with another {name}: make compatibility")
    assert without_own_blocks(said["markdown"].out) == without_own_blocks(page)
