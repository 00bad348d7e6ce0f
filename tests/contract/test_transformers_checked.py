"""Configs with transformers: nothing is said against good ones, and what is wrong with the others is."""

import json
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import forked_training
import pytest
from tiny_transformers import BASE, make_bert, make_roberta, write_corpus

import archlab
from archlab.catalog.defaults import documented
from archlab.catalog.origins import is_own
from archlab.catalog.registered import find_function, names, signature
from archlab.catalog.signatures import describe, model_types
from archlab.checking import transformers
from archlab.configs.filling import fill_config
from archlab.configs.loading import override_config, parse_config

if TYPE_CHECKING:
    from confection import Config

pytest.importorskip("spacy_transformers")
pytest.importorskip("spacy_curated_transformers")

MEAN = {"@layers": "reduce_mean.v1"}
NORM = {"@layers": "LayerNorm.v1", "nI": 16}
TAGGER, TEXTCAT = "components.tagger.model.tok2vec", "components.textcat.model.tok2vec"
CURATED = "components.curated_transformer"
HIDDEN = f"${{{CURATED}.model.hidden_width}}"


def weighting(layers: int) -> dict[str, Any]:
    return {
        "@architectures": "spacy-curated-transformers.ScalarWeightingListener.v1",
        "width": HIDDEN,
        "weighting": {"@architectures": "spacy-curated-transformers.ScalarWeight.v1", "num_layers": layers},
        "pooling": MEAN,
    }


WEIGHTED = {f"{CURATED}.all_layer_outputs": True, TAGGER: weighting(2), TEXTCAT: weighting(2)}
LAYERS = {
    "@architectures": "spacy-curated-transformers.TransformerLayersListener.v1",
    "layers": 2,
    "width": HIDDEN,
    "pooling": MEAN,
}
CNN = {
    "@architectures": "spacy.HashEmbedCNN.v2",
    "width": 16,
    "depth": 1,
    "embed_size": 9,
    "window_size": 1,
    "maxout_pieces": 2,
    "subword_features": True,
    "pretrained_vectors": None,
}

GOOD: dict[str, tuple[str, dict[str, Any]]] = {
    "spacy-transformers": ("spacy-transformers", {}),
    "its own transformer": (
        "spacy-transformers",
        {
            TAGGER: {
                "@architectures": "spacy-transformers.Tok2VecTransformer.v3",
                "name": "bert",
                "tokenizer_config": {"use_fast": True},
                "pooling": MEAN,
                "get_spans": {"@span_getters": "spacy-transformers.doc_spans.v1"},
            }
        },
    ),
    "curated": ("curated", {}),
    "curated, all layers given to who takes the last": ("curated", {f"{CURATED}.all_layer_outputs": True}),
    "curated, weighted layers": ("curated", WEIGHTED),
}

BAD: dict[str, tuple[str, dict[str, Any], str, str]] = {
    "nobody to hear": (
        "spacy-transformers",
        {"nlp.pipeline": ["tagger", "textcat"]},
        TAGGER,
        "there is no transformer before it in the pipeline that it could hear",
    ),
    "a listener to a tok2vec": (
        "spacy-transformers",
        {TAGGER: {"@architectures": "spacy.Tok2VecListener.v1", "width": 16}},
        TAGGER,
        "it hears a tok2vec, and transformer is a transformer",
    ),
    "a listener of the other package": (
        "curated",
        {TAGGER: {"@architectures": "spacy-transformers.TransformerListener.v1", "pooling": MEAN}},
        TAGGER,
        "it hears a transformer, and curated_transformer is a curated_transformer",
    ),
    "unknown pooling": (
        "spacy-transformers",
        {f"{TAGGER}.pooling.@layers": "reduce_men.v1"},
        f"{TAGGER}.pooling",
        "The registry layers has no 'reduce_men.v1'.",
    ),
    "no pooling": (
        "spacy-transformers",
        {f"{TAGGER}.pooling": {"@layers": "Linear.v1"}},
        f"{TAGGER}.pooling",
        "Linear.v1 takes Floats2d, spacy-transformers.TransformerListener.v1 gives it Ragged",
    ),
    "pooling that is never initialised": (
        "spacy-transformers",
        {f"{TAGGER}.pooling": {"@layers": "spacy.mean_max_reducer.v1", "hidden_size": 16}},
        f"{TAGGER}.pooling",
        "spacy.mean_max_reducer.v1 has weights, and spacy-transformers.TransformerListener.v1 never",
    ),
    "pooling of a curated transformer that is never initialised": (
        "curated",
        {f"{TEXTCAT}.pooling": {"@layers": "chain.v1", "*": {"mean": MEAN, "norm": NORM}}},
        f"{TEXTCAT}.pooling.*.norm",
        "LayerNorm.v1 has weights, and spacy-curated-transformers.LastTransformerLayerListener.v1 never",
    ),
    "pooling that is added to what it pools": (
        "curated",
        {f"{TAGGER}.pooling": {"@layers": "residual.v1", "layer": MEAN}},
        f"{TAGGER}.pooling",
        "residual.v1 returns Ragged, ",
    ),
    "a listener for the scores of tags": (
        "spacy-transformers",
        {
            "components.tagger.model": {
                "@architectures": "spacy-transformers.TransformerListener.v1",
                "grad_factor": 1.0,
                "pooling": MEAN,
            }
        },
        "components.tagger.model",
        "TransformerListener.v1 gives vectors, the tagger needs a score for each label",
    ),
    "another width": ("curated", {f"{TAGGER}.width": 17}, TAGGER, "width 17, its upstream"),
    "the last layer where all are asked for": (
        "curated",
        {TAGGER: weighting(2)},
        TAGGER,
        "it takes the outputs of all layers, and curated_transformer gives those of the last",
    ),
    "another number of layers": (
        "curated",
        {**WEIGHTED, TEXTCAT: weighting(3)},
        TEXTCAT,
        "weighting.num_layers = 3, and its upstream curated_transformer has 2 layers",
    ),
    "arrays of each layer for a tagger": (
        "curated",
        {f"{CURATED}.all_layer_outputs": True, TAGGER: LAYERS},
        TAGGER,
        "TransformerLayersListener.v1 returns List[List[Floats2d]]",
    ),
    "no pieces": (
        "curated",
        {"initialize.components": {}},
        CURATED,
        "its piece encoder is empty: [initialize] names no piecer_loader",
    ),
    "a tok2vec for a transformer": (
        "curated",
        {f"{CURATED}.model": CNN, f"{TAGGER}.width": 16, f"{TEXTCAT}.width": 16},
        f"{CURATED}.model",
        "spacy.HashEmbedCNN.v2 returns List[Floats2d]",
    ),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny model in bert/, and a corpus."""
    folder = tmp_path_factory.mktemp("transformers")
    make_bert(folder / "bert")
    write_corpus(folder)
    return folder


@pytest.fixture
def here(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(folder)
    return folder


def config_with(package: str, changes: dict[str, Any]) -> "Config":
    base = fill_config(parse_config(BASE))
    config = archlab.apply_recipe(base, "transformer", name="bert", package=package).config
    return fill_config(override_config(config, changes))


@pytest.mark.parametrize("case", GOOD)
def test_nothing_is_said_of_what_is_good(here: Path, case: str) -> None:
    assert not archlab.check(config_with(*GOOD[case]), "build").findings


@pytest.mark.slow
@pytest.mark.usefixtures("forked_probes")
@pytest.mark.parametrize("case", GOOD)
def test_the_probe_has_nothing_against_it(here: Path, case: str) -> None:
    assert not archlab.check(config_with(*GOOD[case]), "probe", seconds=120).findings


@pytest.mark.slow
@pytest.mark.usefixtures("forked_probes")
@pytest.mark.parametrize("package", ["spacy-transformers", "curated"])
def test_a_roberta_trains_from_its_folder(here: Path, package: str) -> None:
    if not Path("roberta").exists():
        make_roberta(Path("roberta"))
    base = fill_config(parse_config(BASE))
    config = archlab.apply_recipe(base, "transformer", name="roberta", package=package).config
    assert not archlab.check(config, "probe", seconds=120).findings


@pytest.mark.parametrize("case", BAD)
def test_what_is_wrong_is_told_before_anything_is_built(here: Path, case: str) -> None:
    package, changes, slot, message = BAD[case]
    errors = archlab.check(config_with(package, changes), "types").errors
    assert [f for f in errors if f.slot == slot and message in f.message], errors


@pytest.mark.slow
def test_spacy_agrees(here: Path, tmp_path: Path) -> None:
    """What the check has nothing against trains with spaCy alone, and what it calls an error does not."""
    cases = {str(tmp_path / f"{case}.cfg"): case for case in (*GOOD, *BAD)}
    for config, case in cases.items():
        config_with(*(GOOD | BAD)[case][:2]).to_disk(config)
    script = Path(forked_training.__file__)
    done = subprocess.run([sys.executable, script, *cases], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    trains = {cases[config] for config, did in json.loads(done.stdout).items() if did}
    assert trains == set(GOOD), done.stderr


def test_a_linker_beside_a_transformer_is_left_to_the_probe(here: Path) -> None:
    """The transformer's width is not in the config."""
    candidates = archlab.fits(config_with("spacy-transformers", {}), "textcat.model")
    (linker,) = (candidate for candidate in candidates if candidate.name == "spacy.EntityLinker.v1")
    assert linker.verdict == "unknown"
    assert "its tok2vec does not say how wide it is" in linker.reason


def test_the_layers_with_weights_are_those_that_thinc_has_to_initialise() -> None:
    """Each layer for vectors that can be made of what is documented of it."""
    found = set()
    for name in filter(partial(is_own, "layers"), names("layers")):
        taken = signature("layers", name)
        types = model_types(taken.returns)
        if types is None:
            continue
        if describe(types[0]) not in ("Floats2d", "Ragged") or describe(types[1]) not in (
            "Floats2d",
            "Ragged",
        ):
            continue
        needed = {p.name: documented("layers", name, p.name) for p in taken.parameters if p.is_required}
        arguments = {key: told.value for key, told in needed.items() if told is not None}
        if set(arguments) != set(needed):
            continue
        model = find_function("layers", name)(**arguments)
        if any(not node.has_param(param) for node in model.walk() for param in node.param_names):
            found.add(name)
    assert found == set(transformers.WITH_WEIGHTS)


def test_random_weights_are_a_warning(here: Path) -> None:
    config = config_with("curated", {"initialize.components.curated_transformer.encoder_loader": None})
    (warning,) = archlab.check(config, "types").findings
    assert (warning.severity, warning.slot) == ("warning", CURATED)
    assert "it begins with random weights" in warning.message


LATE = """
import sys
import spacy
from archlab.catalog.factories import only_needed_factories

with only_needed_factories({"nlp": {}, "components": {}}):
    nlp = spacy.blank("en")
    assert "spacy_curated_transformers" not in sys.modules
    assert nlp.has_factory("curated_transformer") and not nlp.has_factory("no_such")
    assert "spacy_transformers" in sys.modules
assert spacy.blank("de").has_factory("transformer")
"""


def test_what_was_not_needed_is_imported_when_somebodys_code_asks_for_it() -> None:
    done = subprocess.run([sys.executable, "-c", LATE], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    "command",
    [
        "slots -b configs/base.cfg",
        "check configs/base.cfg",
        "swap textcat.model spacy.TextCatReduce.v1 -b configs/base.cfg",
        "swap textcat.model spacy.TextCatBOW.v1 -b configs/base.cfg",
        "grid configs/sweep.yml --dry-run",
    ],
)
def test_configs_without_transformers_do_not_import_them(workplace: Path, command: str) -> None:
    code = (
        "import sys\nfrom archlab.cli.app import main\n"
        f"sys.argv = ['archlab', *{command.split()!r}]\n"
        "try:\n    main()\nexcept SystemExit as ended:\n"
        "    heavy = {'transformers', 'spacy_transformers', 'curated_transformers'} & set(sys.modules)\n"
        "    sys.exit(f'{ended.code} {sorted(heavy)}')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stderr.splitlines()[-1] == "0 []"
