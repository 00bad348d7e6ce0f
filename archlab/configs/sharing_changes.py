"""The recipes own-tok2vec and shared-tok2vec: who listens, and who has a tok2vec of its own."""

from typing import TYPE_CHECKING

from archlab.configs.component_blocks import Place, component_blocks
from archlab.configs.slotting import block_reference, get_section
from archlab.configs.upstreams import is_listener, upstream_of
from archlab.configs.widths import LISTENER, LISTENERS
from archlab.errors import SwapError
from archlab.records import Swap

if TYPE_CHECKING:
    from confection import Config


def own_tok2vec(config: "Config", component: str | None = None) -> list[Swap]:
    """Each component that listens to a shared tok2vec gets a copy of it.

    Raises SwapError where nobody listens to one and nobody has one.
    """
    blocks = component_blocks(config, component)
    listening = [place for place in blocks if place.name == LISTENER]
    if not listening and not _own(blocks):
        raise _no_tok2vec(blocks, component)
    return [Swap(place.path, _model_heard(config, place)) for place in listening]


def shared_tok2vec(config: "Config", component: str | None = None) -> list[Swap]:
    """Each component with a tok2vec of its own listens to the shared one instead.

    Raises SwapError where nobody has one and nobody listens to one.
    """
    blocks = component_blocks(config, component)
    own = _own(blocks)
    if not own and not any(place.name == LISTENER for place in blocks):
        raise _no_tok2vec(blocks, component)
    return [Swap(place.path, LISTENER) for place in own]


def _own(blocks: list[Place]) -> list[Place]:
    """The tok2vecs that components have to themselves."""
    inside = [place for place in blocks if place.path.endswith(".tok2vec")]
    return [place for place in inside if not is_listener(place.section)]


def _model_heard(config: "Config", listener: Place) -> str:
    """The name of the block that a listener hears."""
    upstream = upstream_of(config, listener.component, listener.section)
    model = get_section(config, f"components.{upstream}.model") if upstream else None
    reference = block_reference(model) if model else None
    if reference is None:
        raise SwapError(
            f"{listener.path} listens to nothing that this config describes: there is nothing to copy.",
            f"Name its own: archlab swap {listener.path} spacy.HashEmbedCNN.v2",
        )
    return reference[1]


def _no_tok2vec(blocks: list[Place], component: str | None) -> SwapError:
    who = component or "No component"
    what = "has no tok2vec" if component else "has a tok2vec"
    other = next((place for place in blocks if is_listener(place.section)), None)
    if other is None:
        return SwapError(f"{who} {what}, own or shared.", "archlab slots lists what can be swapped.")
    return SwapError(
        f"{who} {what}, own or shared: {other.path} listens to a {LISTENERS[other.name]}.",
        f"Give it one: archlab swap {other.path} spacy.HashEmbedCNN.v2",
    )
