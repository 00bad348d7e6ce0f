"""The catalog against the installed spaCy, Thinc and spacy-legacy."""

import json
from typing import Any

import catalogue  # type: ignore[import-untyped]
import pytest

from archlab.catalog import registered
from archlab.catalog.corrections import CORRECTIONS, Correction, meaning
from archlab.catalog.defaults import dictated, documented
from archlab.catalog.extras import EXTRAS
from archlab.catalog.registered import MISSING, factory_signature, names, signature
from archlab.catalog.retired import LAYER
from archlab.catalog.signatures import Verdict, accepts, describe, gloss, is_model, model_types
from archlab.errors import InvalidError, UnknownBlockError

# What nothing is stated about, and why. All else in these registries returns a parametrised Model.
UNREADABLE = {
    "chain.v1": "gives what its last layer gives",
    "with_cpu.v1": "gives what its layer gives",
    "spacy.PretrainCharacters.v1": "gives a function that builds a model",
    "spacy.PretrainVectors.v1": "gives a function that builds a model",
}

# Arguments without a default, a documented value or a component that dictates them.
UNDOCUMENTED = {
    ("spacy.Tok2VecListener.v1", "width"): "the width of the tok2vec it listens to",
    ("spacy.TextCatLowData.v1", "width"): "spaCy documents no value",
    ("spacy.TextCatLowData.v1", "dropout"): "spaCy documents no value",
}


def expected(slot: str) -> Any:
    """The annotation of `textcat.model` (a component's) or `spacy.Tok2Vec.v2.embed` (an architecture's)."""
    owner, _, argument = slot.rpartition(".")
    is_component = "." not in owner
    parameter = (factory_signature(owner) if is_component else signature("architectures", owner)).parameter(
        argument
    )
    assert parameter is not None
    return parameter.annotation


def test_all_architectures_and_layers_are_found() -> None:
    assert len(names("architectures")) >= 34
    assert not [name for registry in registered.registries() for name in names(registry) if "legacy" in name]
    assert "spacy.TextCatBOW.v1" in names("architectures")
    assert registered.registries_with("Linear.v1") == ["layers"]
    assert registered.registries_with("spacy.TextCatBOW.v1") == ["architectures"]
    assert registered.registries_with("spacy-legacy.TextCatBOW.v1") == ["architectures"]
    assert registered.registries_with("nothing.v1") == []


@pytest.mark.parametrize("registry", ["architectures", "layers"])
def test_every_block_states_its_types_or_is_known_not_to(registry: str) -> None:
    own = {name for name in names(registry) if name.startswith("spacy.") or name.count(".") == 1} - {LAYER}
    silent = {name for name in own if model_types(signature(registry, name).returns) is None}
    assert silent == {name for name in UNREADABLE if name in own}


@pytest.mark.parametrize("name", registered.factory_names())
def test_every_factory_is_read_without_nlp_and_name(name: str) -> None:
    parameters = {parameter.name for parameter in factory_signature(name).parameters}
    assert not parameters & {"nlp", "name"}
    assert set(registered.factory_defaults(name)) <= parameters


@pytest.mark.parametrize("row", CORRECTIONS, ids=lambda row: f"{row.name}-{row.parameter}")
def test_corrections_match_the_installed_spacy(row: Correction, monkeypatch: pytest.MonkeyPatch) -> None:
    """A failure means that an upgrade has mended or moved an annotation: drop or change the row."""
    for extra in EXTRAS:
        if row.name.startswith(f"{extra.package}.") or row.name == extra.factory:
            pytest.importorskip(extra.package.replace("-", "_"))

    def annotation() -> Any:
        read = (
            factory_signature(row.name) if row.registry == "factories" else signature(row.registry, row.name)
        )
        found = read.parameter(row.parameter)
        return read.returns if row.parameter == "return" else found and found.annotation

    assert annotation() == meaning(row.means)
    assert row.means != row.stated
    assert row.reason.endswith(".")
    monkeypatch.setattr(registered, "corrected", lambda registry, name, parameter, stated: stated)
    assert describe(annotation()) == row.stated


def test_no_place_is_corrected_twice() -> None:
    assert len({(row.registry, row.name, row.parameter) for row in CORRECTIONS}) == len(CORRECTIONS)


@pytest.mark.parametrize(
    ("slot", "name", "verdict"),
    [
        ("textcat.model", "spacy.TextCatBOW.v3", "fits"),
        ("textcat.model", "spacy.TextCatBOW.v1", "fits"),
        ("textcat.model", "spacy.TextCatReduce.v1", "fits"),
        ("textcat.model", "spacy.TextCatEnsemble.v1", "fits"),
        ("textcat.model", "spacy.Tagger.v2", "misfit"),
        ("textcat.model", "spacy.TransitionBasedParser.v2", "misfit"),
        ("textcat_multilabel.model", "spacy.TextCatBOW.v3", "fits"),
        ("textcat_multilabel.model", "spacy.HashEmbedCNN.v2", "misfit"),
        ("tagger.model", "spacy.Tagger.v2", "fits"),
        ("tagger.model", "spacy.TextCatBOW.v3", "misfit"),
        ("tagger.model", "spacy.TransitionBasedParser.v2", "misfit"),
        ("tagger.model", "spacy.MaxoutWindowEncoder.v2", "misfit"),
        ("morphologizer.model", "spacy.Tagger.v1", "fits"),
        ("ner.model", "spacy.TransitionBasedParser.v1", "fits"),
        ("ner.model", "spacy.TransitionBasedParser.v2", "fits"),
        ("ner.model", "spacy.Tagger.v2", "misfit"),
        ("parser.model", "spacy.TransitionBasedParser.v2", "fits"),
        ("parser.model", "spacy.TextCatReduce.v1", "misfit"),
        ("spancat.model", "spacy.SpanCategorizer.v1", "fits"),
        ("spancat.model", "spacy.SpanFinder.v1", "misfit"),
        ("span_finder.model", "spacy.SpanFinder.v1", "fits"),
        ("entity_linker.model", "spacy.EntityLinker.v1", "fits"),
        ("tok2vec.model", "spacy.HashEmbedCNN.v2", "fits"),
        ("tok2vec.model", "spacy.TextCatBOW.v3", "misfit"),
        ("spacy.Tagger.v2.tok2vec", "spacy.Tok2VecListener.v1", "fits"),
        ("spacy.TextCatReduce.v1.tok2vec", "spacy.Tok2Vec.v2", "fits"),
        ("spacy.TextCatReduce.v1.tok2vec", "spacy.TextCatBOW.v3", "misfit"),
        ("spacy.TextCatEnsemble.v2.linear_model", "spacy.TextCatBOW.v3", "fits"),
        ("spacy.TextCatEnsemble.v2.linear_model", "spacy.HashEmbedCNN.v2", "misfit"),
        ("spacy.Tok2Vec.v2.embed", "spacy.MultiHashEmbed.v2", "fits"),
        ("spacy.Tok2Vec.v2.embed", "spacy.CharacterEmbed.v2", "fits"),
        ("spacy.Tok2Vec.v2.embed", "spacy.MaxoutWindowEncoder.v2", "misfit"),
        ("spacy.Tok2Vec.v2.encode", "spacy.MaxoutWindowEncoder.v2", "fits"),
        ("spacy.Tok2Vec.v2.encode", "spacy.TorchBiLSTMEncoder.v1", "fits"),
        ("spacy.Tok2Vec.v2.encode", "spacy.MaxoutWindowEncoder.v1", "misfit"),
        ("spacy.Tok2Vec.v1.encode", "spacy.MaxoutWindowEncoder.v1", "fits"),
        ("spacy.Tok2Vec.v1.encode", "spacy.MaxoutWindowEncoder.v2", "fits"),
        ("spacy.Tok2Vec.v1.encode", "spacy.MultiHashEmbed.v2", "misfit"),
    ],
)
def test_fits_as_it_turned_out_in_training(slot: str, name: str, verdict: Verdict) -> None:
    assert accepts(expected(slot), signature("architectures", name).returns) == verdict


@pytest.mark.parametrize(
    ("slot", "layer", "verdict"),
    [
        ("spacy.SpanCategorizer.v1.reducer", "spacy.mean_max_reducer.v1", "fits"),
        ("spacy.SpanCategorizer.v1.reducer", "Linear.v1", "misfit"),
        ("spacy.SpanCategorizer.v1.scorer", "spacy.LinearLogistic.v1", "fits"),
        ("spacy.Tok2Vec.v2.encode", "noop.v1", "fits"),  # Model[T, T]
        (
            "spacy.Tok2Vec.v2.encode",
            "with_array.v1",
            "fits",
        ),  # Model[SeqT, SeqT]
        ("spacy.Tok2Vec.v2.encode", "with_padded.v1", "fits"),
        ("spacy.Tok2Vec.v2.encode", "expand_window.v1", "misfit"),  # takes arrays and Ragged only
        ("spacy.Tok2Vec.v2.embed", "with_array.v1", "misfit"),  # Docs are no arrays
        ("spacy.SpanCategorizer.v1.reducer", "Dropout.v1", "unknown"),  # Thinc's Model[T, T] proves no misfit
        ("spacy.Tok2Vec.v2.encode", "chain.v1", "unknown"),
    ],
)
def test_layers_with_type_variables(slot: str, layer: str, verdict: Verdict) -> None:
    assert accepts(expected(slot), signature("layers", layer).returns) == verdict


@pytest.mark.parametrize("layer", ["Linear.v1", "HashEmbed.v1", "Softmax.v2"])
def test_what_trains_inside_with_array_is_no_misfit(layer: str) -> None:
    """with_array says its layer is Model[ArrayTXd, ArrayTXd]; spaCy itself puts a HashEmbed there."""
    parameter = signature("layers", "with_array.v1").parameter("layer")
    assert parameter is not None
    assert accepts(parameter.annotation, signature("layers", layer).returns) != "misfit"


def test_suggesters_fit_where_suggesters_are_asked_for() -> None:
    suggester = signature("misc", "spacy.ngram_suggester.v1").returns
    assert accepts(expected("spancat.suggester"), suggester) == "fits"
    assert accepts(expected("spancat.suggester"), signature("optimizers", "Adam.v1").returns) == "unknown"
    assert accepts(expected("tagger.model"), signature("optimizers", "Adam.v1").returns) == "misfit"


def test_glosses_say_what_the_rows_are() -> None:
    assert gloss(expected("textcat.model")) == "one row per Doc"
    assert gloss(expected("tagger.model")) == "one row per token, one array per Doc"
    assert gloss(expected("spancat.model")) == "one row per span"
    assert gloss(signature("architectures", "spacy.TransitionBasedParser.v2").returns) is not None


def test_a_signature_shows_parameters_defaults_and_summary() -> None:
    bow = signature("architectures", "spacy.TextCatBOW.v3")
    defaults = {parameter.name: parameter.default for parameter in bow.parameters}
    assert defaults == {
        "exclusive_classes": MISSING,
        "ngram_size": MISSING,
        "no_output_layer": MISSING,
        "length": 262144,
        "nO": None,
    }
    assert not bow.accepts_any_keyword
    reduce = signature("architectures", "spacy.TextCatReduce.v1")
    assert reduce.summary == "Build a model that classifies pooled `Doc` representations."
    assert describe(reduce.returns) == "Model[List[Doc], Floats2d]"
    assert is_model(reduce.returns)


def test_legacy_blocks_may_be_typed_with_either_name() -> None:
    typed, stored = (
        signature("architectures", f"{prefix}.TextCatCNN.v1") for prefix in ("spacy", "spacy-legacy")
    )
    assert typed.parameters == stored.parameters


def test_unknown_names_are_answered_with_the_nearest() -> None:
    with pytest.raises(UnknownBlockError, match=r"Did you mean spacy\.TextCatBOW\.v3"):
        signature("architectures", "spacy.TextcatBow.v3")
    with pytest.raises(UnknownBlockError, match="registered in layers"):
        signature("architectures", "Linear.v1")
    with pytest.raises(UnknownBlockError, match="Did you mean architectures"):
        signature("architecture", "spacy.TextCatBOW.v3")
    with pytest.raises(UnknownBlockError, match="Did you mean textcat"):
        factory_signature("texcat")


def test_a_package_that_cannot_be_imported_hides_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    from importlib.metadata import EntryPoint, EntryPoints

    broken = EntryPoint("broken.Model.v1", "no_such_package:model", "spacy_architectures")
    monkeypatch.setattr(registered, "announced_entries", lambda group: (broken,) if "arch" in group else ())
    monkeypatch.setattr(catalogue, "AVAILABLE_ENTRY_POINTS", EntryPoints([broken]))
    assert {"broken.Model.v1", "spacy.Tagger.v2"} <= set(names("architectures"))
    assert signature("architectures", "spacy.Tagger.v2").parameters
    with pytest.raises(InvalidError, match="no_such_package"):
        signature("architectures", "broken.Model.v1")


def test_a_function_that_takes_the_place_of_another_is_read_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    place = ("spacy", "architectures", "spacy.Renewed.v1")
    functions: list[Any] = [lambda width: width, lambda depth: depth]
    with pytest.raises(UnknownBlockError):
        signature("architectures", "spacy.Renewed.v1")
    for function, argument in zip(functions, ("width", "depth"), strict=True):
        monkeypatch.setitem(catalogue.REGISTRY, place, function)
        (parameter,) = signature("architectures", "spacy.Renewed.v1").parameters
        assert parameter.name == argument


def test_one_annotation_that_cannot_be_read_costs_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    import catalogue

    def build(width: "int", shape: "Unheard[int]", depth: "Unheard" = None, **rest):  # type: ignore # noqa: F821
        raise AssertionError("reading a signature must not build")

    monkeypatch.setitem(catalogue.REGISTRY, ("spacy", "architectures", "test.Odd.v1"), build)
    read = signature("architectures", "test.Odd.v1")
    annotations = [describe(parameter.annotation) for parameter in read.parameters]
    assert annotations == ["int", "Any", "Unheard", "Any"]
    assert [parameter.is_required for parameter in read.parameters] == [True, True, False, False]
    assert read.accepts_any_keyword
    assert describe(read.returns) == "Any"


@pytest.mark.parametrize("name", names("architectures"))
def test_arguments_without_default_are_documented(name: str) -> None:
    for parameter in signature("architectures", name).parameters:
        if not parameter.is_required or not name.startswith("spacy."):
            continue
        found = documented("architectures", name, parameter.name)
        if parameter.name == "state_type" or (name, parameter.name) in UNDOCUMENTED:
            assert found is None
        else:
            assert found is not None, f"{name} has no documented {parameter.name}"
            assert json.loads(json.dumps(found.value)) == found.value
            assert found.source


def test_components_dictate_what_must_not_be_chosen() -> None:
    assert [_value(dictated(name, "exclusive_classes")) for name in ("textcat", "textcat_multilabel")] == [
        True,
        False,
    ]
    assert [_value(dictated(name, "state_type")) for name in ("ner", "beam_parser")] == ["ner", "parser"]
    assert dictated("tagger", "exclusive_classes") is None
    assert dictated("textcat", "ngram_size") is None
    linear = documented("architectures", "spacy.TextCatEnsemble.v2", "linear_model")
    assert linear is not None
    assert "exclusive_classes" not in linear.value


def test_default_configs_speak_where_they_agree_and_the_documentation_where_not() -> None:
    place = ("architectures", "spacy.HashEmbedCNN.v2")
    agreed, disputed = documented(*place, "embed_size"), documented(*place, "width")
    assert agreed is not None
    assert (agreed.value, agreed.source) == (2000, "default config of ner")
    assert disputed is not None
    assert (disputed.value, disputed.source) == (96, "spaCy docs, architectures: HashEmbedCNN")
    assert _value(documented(*place, "width", factory="senter")) == 12


def test_documented_blocks_name_what_is_registered_and_complete() -> None:
    """A documented sublayer fits where it is documented and lacks nothing but what components dictate."""
    for name in names("architectures"):
        for parameter in signature("architectures", name).parameters:
            found = documented("architectures", name, parameter.name)
            if found is not None and _is_block(found.value):
                assert accepts(parameter.annotation, _assert_complete(found.value)) == "fits"


def _assert_complete(block: dict[str, Any]) -> Any:
    (key,) = (key for key in block if key.startswith("@"))
    read = signature(key[1:], block[key])
    for parameter in read.parameters:
        if parameter.is_required and parameter.name not in ("exclusive_classes", "state_type"):
            assert parameter.name in block, f"{block[key]} lacks {parameter.name}"
    for value in block.values():
        if _is_block(value):
            _assert_complete(value)
    return read.returns


def _is_block(value: Any) -> bool:
    """Settings of a tokenizer are a section, too, and no block."""
    return isinstance(value, dict) and any(key.startswith("@") for key in value)


def test_documented_values_cannot_be_changed_by_a_caller() -> None:
    first = documented("architectures", "spacy.Tagger.v2", "tok2vec")
    assert first is not None
    first.value["width"] = 1
    assert _value(documented("architectures", "spacy.Tagger.v2", "tok2vec"))["width"] == 96


def _value(found: Any) -> Any:
    return None if found is None else found.value
