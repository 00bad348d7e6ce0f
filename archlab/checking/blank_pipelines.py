"""Pipelines with nothing in them but one component as its factory makes it, to try blocks in."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from archlab.catalog.registered import factory_defaults, factory_names
from archlab.configs.filling import fill_config
from archlab.configs.slotting import block_reference, walk_blocks
from archlab.configs.swapping import swap
from archlab.configs.widths import LISTENER
from archlab.errors import ArchlabError

if TYPE_CHECKING:
    from confection import Config

TOK2VEC = "tok2vec"
LISTENING = "tagger"
"""Who listens to a shared tok2vec where that is what the pipeline is about."""

SPELLED = "spacy.Tok2Vec.v2"

Layout = Literal["default", "spelled", "shared"]


@dataclass(frozen=True)
class BlankPipeline:
    """A component in a pipeline of its own.

    layout: "default", as the factory makes it; "spelled", its tok2vec a Tok2Vec.v2 with embed and encode;
    "shared", its tok2vec a listener to one before it. slots: those that the layouts before did not have.
    """

    layout: Layout
    config: "Config"
    slots: tuple[str, ...]


def trainable_factories() -> list[str]:
    """The factories, of spaCy and of installed packages, whose default config has a model; sorted."""
    return [factory for factory in factory_names() if _has_model(factory)]


def blank_pipelines(factory: str) -> Iterator[BlankPipeline]:
    """A component in each layout that applies to it, with the slots of its model.

    Raises ArchlabError where the factory's own default config is wrong.
    """
    is_tok2vec = factory == TOK2VEC
    default = _shared(LISTENING) if is_tok2vec else _alone(factory)
    known = _model_slots(default, factory)
    yield BlankPipeline("default", default, known)
    tok2vec = f"components.{factory}.model.tok2vec"
    if not is_tok2vec and tok2vec not in known:
        return
    spelled = _shared(LISTENING, spelled=True) if is_tok2vec else swap(default, tok2vec, SPELLED).config
    new = tuple(slot for slot in _model_slots(spelled, factory) if slot not in known)
    if new:
        yield BlankPipeline("spelled", spelled, new)
    if not is_tok2vec:
        yield BlankPipeline("shared", _shared(factory), (tok2vec,))


def _has_model(factory: str) -> bool:
    try:
        model = factory_defaults(factory).get("model")
    except ArchlabError:  # announced by a package that cannot be imported
        return False
    return isinstance(model, Mapping) and block_reference(model) is not None


def _alone(*factories: str) -> "Config":
    from confection import Config

    components = {factory: {"factory": factory} for factory in factories}
    return fill_config(Config({"nlp": {"lang": "en", "pipeline": [*factories]}, "components": components}))


def _shared(factory: str, *, spelled: bool = False) -> "Config":
    """The component behind a tok2vec that it listens to."""
    config = _alone(TOK2VEC, factory)
    tok2vec = f"{TOK2VEC}.model"
    if spelled:
        config = swap(config, tok2vec, SPELLED).config
    width = f"${{components.{tok2vec}.{'encode.' if spelled else ''}width}}"
    return swap(config, f"{factory}.model.tok2vec", LISTENER, width=width).config


def _model_slots(config: Mapping[str, Any], factory: str) -> tuple[str, ...]:
    model = f"components.{factory}.model"
    return tuple(path for path, _ in walk_blocks(config) if path == model or path.startswith(f"{model}."))
