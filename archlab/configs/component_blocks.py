"""The blocks of the components that run: what a recipe looks through."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from archlab.configs.loading import interpolated
from archlab.configs.slotting import block_reference, get_section, walk_blocks
from archlab.errors import UnknownSlotError, did_you_mean

if TYPE_CHECKING:
    from confection import Config


@dataclass(frozen=True, kw_only=True)
class Place:
    """A block in a component.

    path: its slot, without `components.`. name: what is registered. section, values: its arguments, with
    their variables and without. factory: of the component.
    """

    component: str
    factory: str
    path: str
    name: str
    section: Mapping[str, Any]
    values: Mapping[str, Any]


def component_blocks(config: "Config", component: str | None = None) -> list[Place]:
    """The blocks of the components that run, or of one of them, outer before inner.

    A component that is sourced from a trained pipeline shows none.
    Raises UnknownSlotError, with the nearest name, for a component that does not run.
    """
    running = running_components(config)
    if component is not None and component not in running:
        hint = did_you_mean(component, running) or f"There are {', '.join(running)}."
        raise UnknownSlotError(f"No component {component} runs in this pipeline.", hint)
    values = interpolated(config)
    return [
        Place(
            component=name,
            factory=config["components"][name]["factory"],
            path=path.removeprefix("components."),
            name=(block_reference(section) or ("", ""))[1],
            section=section,
            values=get_section(values, path),
        )
        for name in ([component] if component else running)
        if "factory" in config["components"][name]
        for path, section in walk_blocks(config["components"][name], f"components.{name}")
    ]


def running_components(config: Mapping[str, Any]) -> list[str]:
    """The names of the components that stand in the pipeline and are not disabled."""
    disabled = config["nlp"].get("disabled", [])
    return [name for name in config["nlp"]["pipeline"] if name not in disabled]
