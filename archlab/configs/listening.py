"""Blocks that listen to another component, completed."""

from collections.abc import Mapping
from typing import Any

from archlab.catalog.defaults import documented
from archlab.catalog.registered import signature
from archlab.configs.references import variable
from archlab.configs.slotting import component_factory, get_section
from archlab.configs.widths import LISTENERS, width_of, width_setting


def listener_to(config: Mapping[str, Any], upstream: str) -> dict[str, Any]:
    """A listener to a component of the config, every argument named, its width a variable.

    Where there are several of its kind it says which: one that hears any learns from the last alone.
    """
    kind = component_factory(config, f"components.{upstream}")
    name = next(name for name, heard in LISTENERS.items() if heard == kind)
    block: dict[str, Any] = {"@architectures": name}
    for parameter in signature("architectures", name).parameters:
        told = documented("architectures", name, parameter.name)
        if parameter.name == "width":
            block["width"] = upstream_width(config, upstream)
        elif parameter.name == "upstream" and _has_several(config, kind):
            block["upstream"] = upstream
        elif parameter.has_default:
            block[parameter.name] = parameter.default
        elif told is not None:
            block[parameter.name] = told.value
    return block


def _has_several(config: Mapping[str, Any], kind: str | None) -> bool:
    order = config["nlp"]["pipeline"]
    return sum(component_factory(config, f"components.{name}") == kind for name in order) > 1


def upstream_width(config: Mapping[str, Any], upstream: str) -> Any:
    """The width of what a component gives to its listeners: a variable where a setting says it."""
    path = f"components.{upstream}.model"
    model = get_section(config, path) or {}
    setting = width_setting(path, model)
    return variable(setting) if get_section(config, setting) is not None else width_of(model)
