"""What fits into a slot, and why the rest does not."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from structure_configs import Case, tagger

import archlab
from archlab.checking.fitting import ORDER, Candidate
from archlab.configs.code import import_code
from archlab.configs.loading import as_config
from archlab.errors import UnknownSlotError

if TYPE_CHECKING:
    from conftest import Cli

CODE = """
from typing import List, Optional

import spacy
from spacy.tokens import Doc
from thinc.api import Model
from thinc.types import Floats2d


@spacy.registry.architectures("fits.Annotated.v1")
def annotated(nO: Optional[int] = None) -> Model[List[Doc], Floats2d]:
    \"\"\"A classifier of one's own. It has a second sentence.\"\"\"


@spacy.registry.architectures("fits.Unannotated.v1")
def unannotated(nO=None):
    pass
"""


@pytest.fixture
def candidates(workplace: Path) -> dict[str, Candidate]:
    (workplace / "blocks.py").write_text(CODE)
    import_code([workplace / "blocks.py"])
    base = archlab.load_config(workplace / "configs" / "base.cfg")
    return {candidate.name: candidate for candidate in archlab.fits(base, "textcat.model")}


def test_text_classifiers_fit_with_the_arguments_a_swap_would_set(candidates: dict[str, Candidate]) -> None:
    bow = candidates["spacy.TextCatBOW.v1"]
    assert (bow.verdict, bow.reason) == ("fits", "")
    assert bow.arguments == {
        "exclusive_classes": True,
        "ngram_size": 1,
        "no_output_layer": False,
        "nO": None,
    }


@pytest.mark.parametrize(
    ("name", "verdict", "said"),
    [
        ("spacy.Tagger.v2", "misfit", "it is Model[List[Doc], List[Floats2d]]"),
        ("spacy.SpanFinder.v1", "misfit", "one row for each token"),
        ("spacy.TextCatLowData.v1", "needs", "needs width"),
        ("fits.Unannotated.v1", "unknown", "only a probe can tell"),
        ("fits.Annotated.v1", "fits", ""),
        ("chain.v1", "unknown", "only a probe can tell"),
        ("tuplify.v1", "misfit", "it is"),
    ],
)
def test_every_verdict_has_its_reason(
    candidates: dict[str, Candidate], name: str, verdict: str, said: str
) -> None:
    assert candidates[name].verdict == verdict
    assert said in candidates[name].reason


def test_what_only_running_tells_is_unknown() -> None:
    base = as_config(Case("both", {"tagger": tagger(), "senter": {"factory": "senter"}}).config())
    verdicts = {
        slot: {
            candidate.name: (candidate.verdict, candidate.reason) for candidate in archlab.fits(base, slot)
        }
        for slot in ("tagger.model", "senter.model")
    }
    verdict, reason = verdicts["tagger.model"]["spacy.CharEmbed.v1"]
    assert verdict == "unknown"
    assert reason.endswith("needs a score for each label: whether it fits shows only when it runs")
    assert verdicts["senter.model"]["spacy.CharEmbed.v1"][0] == "misfit"


def test_what_fits_comes_first_and_documentation_is_one_sentence(candidates: dict[str, Candidate]) -> None:
    verdicts = [ORDER.index(candidate.verdict) for candidate in candidates.values()]
    assert verdicts == sorted(verdicts)
    assert candidates["fits.Annotated.v1"].summary == "A classifier of one's own."


def test_what_fits_passes_the_check_after_a_bare_swap(workplace: Path) -> None:
    base = archlab.load_config(workplace / "configs" / "base.cfg")
    for slot in ("textcat.model", "textcat.model.tok2vec.embed", "textcat.model.tok2vec.encode"):
        fitting = [
            candidate.name
            for candidate in archlab.fits(base, slot)
            if candidate.verdict == "fits" and candidate.name.startswith("spacy.")
        ]
        assert len(fitting) >= 2
        for name in fitting:  # spaCy's own: other tests register blocks that fit by type and break
            assert archlab.check(archlab.swap(base, slot, name).config).ok, (slot, name)


def test_an_unknown_slot_is_said(workplace: Path) -> None:
    with pytest.raises(UnknownSlotError, match=r"Did you mean textcat.model"):
        archlab.fits(archlab.load_config(workplace / "configs" / "base.cfg"), "textcat.modle")


@pytest.mark.usefixtures("workplace")
def test_the_command_hides_misfits_unless_asked(cli: "Cli") -> None:
    shown = cli("fits", "textcat.model")
    assert shown.code == 0
    assert shown.out.startswith("textcat.model expects Model[List[Doc], Floats2d]")
    assert "fits     spacy.TextCatBOW.v3" in shown.out
    assert "spacy.Tagger.v2" not in shown.out
    assert "more do not fit (--all shows why)" in shown.out
    assert "misfit   spacy.Tagger.v2" in cli("fits", "textcat.model", "--all").out
    listed = json.loads(cli("fits", "textcat.model", "--format", "json").out)
    fields = {"name", "verdict", "reason", "returns", "arguments", "registry", "summary"}
    assert fields == set(listed[0])
