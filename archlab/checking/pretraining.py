"""A filled [pretraining], which `spacy pretrain` obeys: what would make that fail is an error.

An empty one means that nothing is pretrained, and nothing is checked.
"""

from collections.abc import Iterator, Mapping
from itertools import islice
from math import isfinite
from typing import TYPE_CHECKING, Any

from archlab.catalog.factories import only_needed_factories
from archlab.catalog.registered import signature
from archlab.catalog.signatures import describe, is_model
from archlab.checking.pipelines import FACTORIES, MODEL_FACTORIES, Pipeline
from archlab.configs.slotting import block_reference, get_section, leads_somewhere
from archlab.configs.widths import LISTENER
from archlab.errors import ArchlabError, did_you_mean
from archlab.records import Finding

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.tokens import Doc

UPDATES = 3
MAX_DOCS = 20

_HAVE_MODELS = MODEL_FACTORIES | {"transformer", "curated_transformer"}
_NAME_ONE = "name the component that holds the tok2vec"
_OBJECTIVE = "Callable[[Vocab, Model], Model]"


def missing_settings(pipeline: Pipeline) -> Iterator[Finding]:
    """spaCy gives [pretraining] no defaults: `spacy init fill-config --pretraining` writes them."""
    from spacy.schemas import ConfigSchemaPretrain

    section = pipeline.section("pretraining")
    for name in ConfigSchemaPretrain.model_fields if section else ():
        if name not in section:
            fix = "spacy init fill-config --pretraining writes what is missing"
            yield _error(f"there is no {name}", fix)
        elif section[name] is None and not name.startswith("n_save"):
            yield _error(f"{name} is null", 'write layer = ""' if name == "layer" else f"set {name}")


def absent_component(pipeline: Pipeline) -> Iterator[Finding]:
    """The component whose tok2vec is pretrained must be there, and have a model."""
    name = pipeline.section("pretraining").get("component")
    known = pipeline.names("nlp.pipeline")
    if not isinstance(name, str):
        return
    if name not in known:
        yield _error(
            f"component names {name}, which is not in the pipeline", did_you_mean(name, known) or _NAME_ONE
        )
        return
    factory = pipeline.section(f"components.{name}").get("factory")
    if factory in FACTORIES - _HAVE_MODELS:
        yield _error(f"its component {name} is a {factory}, and has no model", _NAME_ONE)


def absent_upstream(pipeline: Pipeline) -> Iterator[Finding]:
    """For a layer that listens to any upstream, spaCy takes the component called tok2vec."""
    section = pipeline.section("pretraining")
    layer = pipeline.section(f"components.{section.get('component')}.model.{section.get('layer')}")
    hears_any = block_reference(layer) == ("architectures", LISTENER) and layer.get("upstream") == "*"
    if hears_any and "tok2vec" not in pipeline.names("nlp.pipeline"):
        yield _error(
            "its layer listens to whatever comes before, and no component is called tok2vec",
            'name the tok2vec itself: component = NAME and layer = ""',
        )


def wrong_objective(pipeline: Pipeline) -> Iterator[Finding]:
    """The objective makes a model of another: it is none itself."""
    reference = block_reference(pipeline.section("pretraining.objective"))
    try:
        taken = signature(*reference) if reference else None
    except ArchlabError:  # level types says so
        return
    if taken is not None and is_model(taken.returns):
        yield Finding(
            severity="error",
            slot="pretraining.objective",
            message=f"{taken.name} is a model, and an objective makes one: it returns {_OBJECTIVE}",
            expected=_OBJECTIVE,
            given=describe(taken.returns),
            fix="What fits by type: spacy.PretrainCharacters.v1, spacy.PretrainVectors.v1",
        )


def vectors_objective(pipeline: Pipeline) -> Iterator[Finding]:
    """The words' vectors are what PretrainVectors predicts (E875)."""
    objective = pipeline.section("pretraining.objective")
    is_vectors = block_reference(objective) == ("architectures", "spacy.PretrainVectors.v1")
    if is_vectors and not pipeline.may_have_vectors:
        yield Finding(
            severity="error",
            slot="pretraining.objective",
            message="PretrainVectors predicts vectors, and none are loaded: initialize.vectors is null",
            fix="--initialize.vectors NAME names a pipeline with vectors; "
            "or take spacy.PretrainCharacters.v1, which needs none",
        )


def absent_corpus(pipeline: Pipeline) -> Iterator[Finding]:
    """The raw texts are read where `corpus` says (E952)."""
    place = pipeline.section("pretraining").get("corpus")
    if isinstance(place, str) and not leads_somewhere(pipeline.config, place):
        corpora = [f"corpora.{name}" for name in pipeline.section("corpora")]
        yield _error(f"corpus names {place}, which is not in the config", did_you_mean(place, corpora))


RULES = (
    missing_settings,
    absent_component,
    absent_upstream,
    wrong_objective,
    vectors_objective,
    absent_corpus,
)


def _error(message: str, fix: str | None) -> Finding:
    return Finding(severity="error", slot="pretraining", message=message, fix=fix)


# At levels build and probe.


def build_pretraining(config: Mapping[str, Any]) -> "tuple[Language, dict[str, Any], Any]":
    """The pipeline, the resolved [pretraining] and the model that `spacy pretrain` would make of them.

    config: filled and interpolated. Raises whatever spaCy and the blocks raise.
    """
    from spacy.schemas import ConfigSchemaPretrain
    from spacy.training.pretrain import create_pretraining_model
    from spacy.util import load_model_from_config, registry
    from thinc.api import fix_random_seed

    fix_random_seed(config["training"]["seed"] or 0)
    fresh = {**config, "initialize": {**config["initialize"], "init_tok2vec": None}}
    with only_needed_factories(fresh):
        nlp = load_model_from_config(fresh)
    settings = registry.resolve(nlp.config.interpolate()["pretraining"], schema=ConfigSchemaPretrain)
    create: Any = create_pretraining_model  # without annotations
    return nlp, settings, create(nlp, settings)


def pretrain_shortly(nlp: "Language", settings: Mapping[str, Any], model: Any, docs: "list[Doc]") -> None:
    """A few updates of the objective. Raises ValueError for a loss that is no number."""
    from spacy.training.pretrain import make_update

    for number in range(1, UPDATES + 1):
        copies = [nlp.make_doc(doc.text) for doc in docs]
        loss = make_update(model, copies, settings["optimizer"], model.attrs["loss"])
        if not isfinite(loss):
            raise ValueError(f"its loss is {loss} in update {number} of {UPDATES}")


def raw_docs(nlp: "Language", config: Mapping[str, Any]) -> "list[Doc]":
    """A few documents of the corpus of raw texts. Raises whatever its reader raises."""
    from confection import Config
    from spacy.training.pretrain import ensure_docs
    from spacy.util import registry, resolve_dot_names

    place = config["pretraining"]["corpus"]
    section = get_section(config, place)
    if isinstance(section, Mapping):  # it alone: another corpus that is missing does not matter here
        read: Any = registry.resolve({"corpus": dict(section)})["corpus"]
    else:
        (read,) = resolve_dot_names(Config(dict(config)), [place])
    return [doc for doc in ensure_docs(islice(read(nlp), MAX_DOCS)) if len(doc)]
