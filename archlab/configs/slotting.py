"""Find the slots of a config: the places where a block sits."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from archlab.catalog.registered import factory_signature, signature
from archlab.catalog.signatures import describe
from archlab.errors import ArchlabError, UnknownSlotError, did_you_mean
from archlab.records import Slot

if TYPE_CHECKING:
    from confection import Config


def slots(config: "Config") -> list[Slot]:
    """Every slot of a filled config, in the order of the config, outer before inner."""
    return [_slot(config, path, block) for path, block in walk_blocks(config)]


def find_slot(config: "Config", name: str) -> Slot:
    """The slot of that path; the leading `components.` may be missing, and a component named by its factory.

    Raises UnknownSlotError, with the nearest slot, where the config has none of that name, or where a factory
    makes several components.
    """
    path = full_path(config, name)
    block = get_section(config, path)
    if isinstance(block, Mapping) and block_reference(block) is not None:
        return _slot(config, path, block)
    component = name.removeprefix("components.").split(".")[0]
    if "source" in config.get("components", {}).get(component, {}):
        raise UnknownSlotError(
            f"{component} comes trained from another pipeline: its blocks cannot be swapped."
        )
    parent, _, key = path.rpartition(".")
    section = get_section(config, parent)
    if isinstance(section, Mapping) and key in section and not isinstance(section[key], Mapping):
        setting = f"{name} is a setting, not a slot: no block sits there."
        raise UnknownSlotError(setting, f"Set it by an override: --{path} VALUE")
    hint = did_you_mean(name, [path.removeprefix("components.") for path, _ in walk_blocks(config)])
    if isinstance(get_section(config, path), Mapping):
        raise UnknownSlotError(f"{name} is a section without a block: nothing to swap there.", hint)
    raise UnknownSlotError(f"There is no slot {name}.", hint or "archlab slots lists them.")


def full_path(config: Mapping[str, Any], name: str) -> str:
    """The complete path of what people name without `components.`, or by a component's factory.

    Raises UnknownSlotError where several components have that factory.
    """
    first, dot, rest = name.partition(".")
    components = config.get("components", {})
    if first in components or first in config:
        return name if first in config and first not in components else f"components.{name}"
    made = [other for other, section in components.items() if section.get("factory") == first]
    if len(made) > 1:
        choices = " or ".join(f"{other}{dot}{rest}" for other in made)
        raise UnknownSlotError(f"{len(made)} components are a {first}.", f"Name one: {choices}")
    return f"components.{made[0] if made else first}{dot}{rest}"


def walk_blocks(section: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """(path, block) of every block at or below a section, outer before inner."""
    if path and block_reference(section) is not None:
        yield path, dict(section)
    for key, value in section.items():
        if isinstance(value, Mapping):
            yield from walk_blocks(value, f"{path}.{key}" if path else key)


def block_reference(section: Mapping[str, Any]) -> tuple[str, str] | None:
    """(registry, name) of a block; None where the section is no block."""
    references = [key for key in section if key.startswith("@")]
    if len(references) != 1 or not isinstance(section[references[0]], str):
        return None
    return references[0][1:], section[references[0]]


def get_section(config: Mapping[str, Any], path: str) -> Any:
    """The value at a dotted path, or None where there is none."""
    node: Any = config
    for part in path.split("."):
        if not isinstance(node, Mapping) or part not in node:
            return None
        node = node[part]
    return node


def leads_somewhere(config: Mapping[str, Any], path: str) -> bool:
    """Whether a path leads to a section, or into what a block above it returns: `corpora.train`."""
    parts = path.split(".")
    above = [get_section(config, ".".join(parts[:end])) for end in range(1, len(parts))]
    if any(isinstance(section, Mapping) and block_reference(section) for section in above):
        return True
    return isinstance(get_section(config, path), Mapping)


def set_section(config: dict[str, Any], path: str, value: Any) -> None:
    """Set the value at a dotted path, in place. The parents must be there."""
    *parents, key = path.split(".")
    node: Any = config
    for part in parents:
        node = node[part]
    node[key] = value


def component_factory(config: Mapping[str, Any], path: str) -> str | None:
    """The factory of the component that a path lies in; None outside components."""
    parts = path.split(".")
    component = config.get("components", {}).get(parts[1]) if parts[0] == "components" and parts[1:] else None
    return component.get("factory") if component else None


def expected_type(config: Mapping[str, Any], path: str) -> Any:
    """The annotation that the parent block or the component's factory gives the argument at `path`.

    None where nothing is stated: no parent takes it, or the parent has no annotation.
    """
    parent_path, _, argument = path.rpartition(".")
    parent = get_section(config, parent_path)
    positional = argument
    if parent is None:
        return None
    if parent_path.endswith(".*"):  # thinc's combinators take their layers as *layers
        parent, positional = get_section(config, parent_path.removesuffix(".*")), "*"
    reference = block_reference(parent)
    try:
        if reference is not None:
            taken = signature(*reference)
        elif "factory" in parent:
            taken = factory_signature(parent["factory"], config["nlp"]["lang"])
        else:
            return None
    except ArchlabError:  # an unknown block is the checker's finding, not ours
        return None
    by_name = {parameter.name: parameter.annotation for parameter in taken.parameters}
    return taken.positional_annotation if positional == "*" else by_name.get(argument)


def _slot(config: "Config", path: str, block: Mapping[str, Any]) -> Slot:
    reference = block_reference(block)
    assert reference is not None
    expected = expected_type(config, path)
    expects = None if expected in (None, Any) else describe(expected)
    return Slot(path=path, registry=reference[0], block=reference[1], expects=expects)
