"""Put another block into a slot."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from archlab.catalog.registered import names, registries, registries_with, signature
from archlab.configs.completing import complete_block, refuse_unknown_arguments
from archlab.configs.copying import copy_config, copy_section
from archlab.configs.differences import Diff, diff_configs
from archlab.configs.loading import interpolated
from archlab.configs.slotting import block_reference, find_slot, get_section, set_section
from archlab.errors import SwapError, UnknownBlockError, did_you_mean
from archlab.records import Note, Slot

if TYPE_CHECKING:
    from confection import Config

VARIABLE = re.compile(r"\$\{([\w.:@*-]+)\}")


@dataclass(frozen=True, kw_only=True)
class Swapped:
    """A config with one block swapped.

    slot: the slot as it is now. before: the block that sat there. base: the config that was given, which is
    not changed. config: complete and new. notes: where each value came from that nobody typed.
    """

    slot: Slot
    before: str
    base: "Config"
    config: "Config"
    notes: tuple[Note, ...]

    @property
    def diff(self) -> Diff:
        """What the swap has changed."""
        return diff_configs(self.base, self.config)


def swap(config: "Config", slot: str, block: str | Mapping[str, Any], /, **arguments: Any) -> Swapped:
    """Swap the block in a slot for another, with every argument named in the result.

    config: filled, as `load_config` gives it. slot: its path; the leading `components.` may be left out.
    block: a registered name, `"@registry:name"` where a name is in several registries, or a whole block
    (a mapping with its `@registry` key). arguments: what to set in it; the rest is carried over from the old
    block or filled with defaults and documented values, as `notes` tell.

    Raises UnknownSlotError, UnknownBlockError, and SwapError for an argument the block does not take or one
    for which no value is known. Whether the block fits there is for `check` to say.
    """
    found = find_slot(config, slot)
    registry, name, given = _read_block(block, found.registry, arguments)
    new = signature(registry, name)
    old = get_section(config, found.path)
    if (registry, name) == block_reference(old):
        refuse_unknown_arguments(new, given, found)
        completed, notes = {**old, **given}, tuple[Note, ...]()
    else:
        completed, notes = complete_block(config, found, new, given)
    changed = copy_config(config)
    set_section(changed, found.path, copy_section(completed))
    settled = _settle_variables(config, changed)
    return Swapped(
        slot=find_slot(changed, found.path),
        before=found.block,
        base=config,
        config=changed,
        notes=notes + settled,
    )


def resolve_block(name: str, registry: str) -> tuple[str, str]:
    """(registry, name) of a block as people name it, looked up in the slot's registry, then in all.

    Raises UnknownBlockError where it is nowhere, or in several registries besides the slot's.
    """
    if name.startswith("@"):
        registry, _, name = name[1:].partition(":")
        if registry not in registries():
            hint = did_you_mean(registry, registries())
            raise UnknownBlockError(f"There is no registry @{registry}.", hint)
    found = registries_with(name)
    if registry in found:
        return registry, name
    if len(found) == 1:
        return found[0], name
    if found:
        choices = ", ".join(f"@{choice}:{name}" for choice in found)
        raise UnknownBlockError(f"{name} is in several registries.", f"Name one: {choices}")
    hint = did_you_mean(name, names(registry))
    raise UnknownBlockError(f"No block {name} is registered.", hint)


def _read_block(
    block: str | Mapping[str, Any], registry: str, arguments: Mapping[str, Any]
) -> tuple[str, str, dict[str, Any]]:
    """(registry, name, arguments) of a block given by name or whole."""
    if isinstance(block, str):
        return *resolve_block(block, registry), dict(arguments)
    reference = block_reference(block)
    if reference is None:
        raise SwapError(
            "A whole block needs one key that names its registry.", 'For example "@architectures": "name.v1".'
        )
    given = {key: value for key, value in block.items() if not key.startswith("@")}
    return *resolve_block(f"@{reference[0]}:{reference[1]}", registry), {**given, **arguments}


def _settle_variables(old: "Config", new: "Config") -> tuple[Note, ...]:
    """Give each variable that points into what a swap removed the value it had, in place."""
    notes = []

    def gone(target: str) -> bool:
        return not _has(new, target.replace(":", ".")) and _has(old, target.replace(":", "."))

    def resolved(text: str) -> Any:
        """The text with what is gone replaced by its value; variables that stay are kept."""
        values = interpolated(old)
        if match := VARIABLE.fullmatch(text):
            return get_section(values, match[1].replace(":", "."))
        found = {target: get_section(values, target.replace(":", ".")) for target in VARIABLE.findall(text)}
        for target, value in found.items():
            if gone(target):
                text = text.replace(f"${{{target}}}", json.dumps(value))
        try:
            return json.loads(text)
        except ValueError:
            return text

    def settle(section: dict[str, Any], path: str) -> None:
        for key, value in section.items():
            here = f"{path}.{key}" if path else key
            if isinstance(value, dict):
                settle(value, here)
            elif isinstance(value, str) and any(gone(target) for target in VARIABLE.findall(value)):
                section[key] = resolved(value)
                notes.append(Note(path=here, value=section[key], source=f"was {value}, which is gone"))

    settle(new, "")
    return tuple(notes)


def _has(config: Mapping[str, Any], path: str) -> bool:
    parent, _, key = path.rpartition(".")
    section = get_section(config, parent) if parent else config
    return isinstance(section, Mapping) and key in section
