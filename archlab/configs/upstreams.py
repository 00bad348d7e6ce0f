"""Who listens to whom: the shared tok2vec (or transformer) comes and goes with its listeners."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from archlab.catalog.registered import factory_defaults
from archlab.configs.filling import fill_component
from archlab.configs.hugging_face import DEFAULT_CURATED, curated_loaders
from archlab.configs.slotting import block_reference, component_factory, get_section, walk_blocks
from archlab.configs.widths import LISTENERS
from archlab.records import Note

if TYPE_CHECKING:
    from confection import Config

KINDS = frozenset(LISTENERS.values())
"""The factories of the components that others can listen to."""


def is_listener(block: Any) -> bool:
    """Whether a section is a block that listens to another component."""
    reference = block_reference(block) if isinstance(block, Mapping) else None
    return reference is not None and reference[1] in LISTENERS


def upstream_of(config: Mapping[str, Any], component: str, listener: Mapping[str, Any]) -> str | None:
    """The component that a listener in `component` hears, the last of its kind before it; or None."""
    reference = block_reference(listener)
    kind = LISTENERS[reference[1]] if reference else None
    wanted = listener.get("upstream", "*")
    heard = [name for name in _before(config, component) if wanted in ("*", name)]
    return next((name for name in reversed(heard) if _factory(config, name) == kind), None)


def shared_upstream(config: Mapping[str, Any], component: str) -> str | None:
    """The last component before this one that it could listen to."""
    return next((n for n in reversed(_before(config, component)) if _factory(config, n) in KINDS), None)


def add_upstream(config: "Config", kind: str, model: Mapping[str, Any] | None) -> str:
    """Put a component that others can listen to first into the pipeline, in place; its name.

    kind: its factory. model: its model block; None for the factory's own default.
    """
    components = config["components"]
    name = free_name(config, kind)
    section = {"factory": kind, **factory_defaults(kind, config["nlp"]["lang"])}
    section |= {"model": model} if model is not None else {}
    section = fill_component(config["nlp"]["lang"], section, section)
    rest = dict(components)
    components.clear()
    components.update({name: section, **rest})
    config["nlp"]["pipeline"] = [name, *config["nlp"]["pipeline"]]
    if kind == "curated_transformer" and model is None:
        loaders = config["initialize"].setdefault("components", {})
        loaders[name] = {**curated_loaders(DEFAULT_CURATED), **loaders.get(name, {})}
    return name


def drop_unheard(before: Mapping[str, Any], config: "Config") -> list[Note]:
    """Remove, in place, each upstream that was heard and that nobody hears any more; a note for each.

    One that nobody heard before stays: it is not this change that made it useless. So does one that
    [pretraining] is about.
    """
    had = {*_heard(before), *(name for name in _pipeline(config) if name not in _pipeline(before))}
    pretrained = get_section(config, "pretraining.component")
    heard, notes = set(_heard(config)), []
    for name in _pipeline(config):
        if _factory(config, name) in KINDS and name in had and name not in {*heard, pretrained}:
            _remove(config, name)
            source = "nobody listens to it any more: removed"
            notes.append(Note(path=f"components.{name}", value=None, source=source))
            notes.append(Note(path="nlp.pipeline", value=_pipeline(config), source=f"without {name}"))
    return notes


def _heard(config: Mapping[str, Any]) -> Iterator[str]:
    for component in config["nlp"]["pipeline"]:  # a disabled one may be enabled again
        section = config["components"].get(component, {})
        if "source" in section:  # it may hold listeners
            yield from (name for name in _before(config, component) if _factory(config, name) in KINDS)
        for _, block in walk_blocks(section, f"components.{component}"):
            if is_listener(block) and (heard := upstream_of(config, component, block)) is not None:
                yield heard


def _remove(config: "Config", name: str) -> None:
    del config["components"][name]
    config.get("initialize", {}).get("components", {}).pop(name, None)
    for path in ("pipeline", "disabled"):
        if name in config["nlp"].get(path, []):
            config["nlp"][path] = [other for other in config["nlp"][path] if other != name]
    for path in ("frozen_components", "annotating_components"):
        listed = config["training"].get(path)
        if isinstance(listed, list) and name in listed:
            config["training"][path] = [other for other in listed if other != name]


def _pipeline(config: Mapping[str, Any]) -> list[str]:
    """The components that run."""
    disabled = config["nlp"].get("disabled", [])
    return [name for name in config["nlp"]["pipeline"] if name not in disabled]


def _before(config: Mapping[str, Any], component: str) -> list[str]:
    order = config["nlp"]["pipeline"]
    before = order[: order.index(component)] if component in order else order
    running = _pipeline(config)
    return [name for name in before if name in running]


def _factory(config: Mapping[str, Any], name: str) -> str | None:
    return component_factory(config, f"components.{name}")


def free_name(config: Mapping[str, Any], kind: str) -> str:
    """What a new component of a factory is called: `tok2vec`, or `tok2vec_2` where that is taken."""
    taken = config["components"]
    names = [kind, *(f"{kind}_{number}" for number in range(2, len(taken) + 3))]
    return next(name for name in names if name not in taken)
