"""Find a value for each argument of a block that comes into a slot, and say where it came from."""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from archlab.catalog.defaults import Documented, dictated, documented
from archlab.catalog.registered import Parameter, Signature, signature
from archlab.catalog.signatures import accepts
from archlab.catalog.values import type_error
from archlab.configs.loading import interpolated
from archlab.configs.slotting import block_reference, component_factory, expected_type, get_section
from archlab.errors import SwapError, UnknownBlockError, did_you_mean
from archlab.records import Note, Slot

if TYPE_CHECKING:
    from confection import Config

Found = tuple[Any, str]
"""A value, and where it came from."""


def complete_block(
    config: "Config", slot: Slot, new: Signature, given: Mapping[str, Any]
) -> tuple[dict[str, Any], tuple[Note, ...]]:
    """The block `new`, to sit in the slot with every argument named; a note for each that was not given.

    An argument that is not given comes from: the old block's argument of that name where its type agrees;
    a sublayer of the old block that could sit in the slot itself; what the component dictates; the block's
    own default; the documented value.
    Raises SwapError for an argument the block does not take, or one for which no value is known.
    """
    refuse_unknown_arguments(new, given, slot)
    sources = _Sources(config, slot, new)
    block: dict[str, Any] = {f"@{new.registry}": new.name}
    notes, missing = [], []
    for parameter in new.parameters:
        if parameter.is_variadic:
            continue
        if parameter.name in given:
            block[parameter.name] = given[parameter.name]
        elif (found := sources.find(parameter)) is not None:
            block[parameter.name], source = found
            notes.append(Note(path=f"{slot.path}.{parameter.name}", value=found[0], source=source))
        elif not parameter.has_default:
            missing.append(parameter.name)
    if missing:
        example = " ".join(f"{name}=..." for name in missing)
        raise SwapError(
            f"{slot.short}: {new.name} needs {', '.join(missing)}: no value is known.",
            f"Give it: archlab swap {slot.short} {new.name} {example}",
        )
    return block | {key: value for key, value in given.items() if key not in block}, tuple(notes)


def refuse_unknown_arguments(new: Signature, given: Mapping[str, Any], slot: Slot) -> None:
    """Raise SwapError for a given argument that the block does not take; the nearest one is offered."""
    known = [parameter.name for parameter in new.parameters if not parameter.is_variadic]
    for name in given:
        if name not in known and name != "*" and not new.accepts_any_keyword:
            hint = did_you_mean(name, known) or f"It takes {', '.join(known) or 'no arguments'}."
            raise SwapError(f"{slot.short}: {new.name} has no argument {name}.", hint)


class _Sources:
    """Where the arguments of one block may come from, the nearest source first."""

    def __init__(self, config: "Config", slot: Slot, new: Signature) -> None:
        self.new = new
        self.old: dict[str, Any] = get_section(config, slot.path)
        self.old_values: dict[str, Any] = get_section(interpolated(config), slot.path)
        self.factory = component_factory(config, slot.path)
        self.expected = expected_type(config, slot.path)

    def find(self, parameter: Parameter) -> Found | None:
        sources: tuple[Callable[[Parameter], Found | None], ...] = (
            self._old_block,
            self._old_sublayer,
            self._dictated,
            self._default,
            self._documented,
        )
        return next((found for source in sources if (found := source(parameter)) is not None), None)

    def _old_block(self, parameter: Parameter) -> Found | None:
        return _carry_over(parameter, self.old, self.old_values, "carried over")

    def _old_sublayer(self, parameter: Parameter) -> Found | None:
        """From the one sublayer that does the slot's own job: the BOW inside an Ensemble."""
        found = [
            _carry_over(parameter, sublayer, self.old_values[name], f"carried over from {name}")
            for name, sublayer in self._stand_ins()
        ]
        return found[0] if len(found) == 1 else None

    def _stand_ins(self) -> Iterator[tuple[str, Mapping[str, Any]]]:
        for name, sublayer in self.old.items():
            reference = block_reference(sublayer) if isinstance(sublayer, Mapping) else None
            if reference is not None and self.expected is not None:
                returns = signature(*reference).returns
                if accepts(self.expected, returns) == "fits":
                    yield name, sublayer

    def _dictated(self, parameter: Parameter) -> Found | None:
        told = dictated(self.factory, parameter.name) if self.factory else None
        return None if told is None else (told.value, told.source)

    def _default(self, parameter: Parameter) -> Found | None:
        is_written = parameter.has_default and _can_be_written(parameter.default)
        return (parameter.default, "default of the block") if is_written else None

    def _documented(self, parameter: Parameter) -> Found | None:
        told = documented(self.new.registry, self.new.name, parameter.name, self.factory)
        return None if told is None else self._whole(told)

    def _whole(self, told: Documented) -> Found:
        """A documented value; a sublayer filled, or the old block itself where that is of the same kind."""
        reference = block_reference(told.value) if isinstance(told.value, Mapping) else None
        if reference is None:
            return told.value, told.source
        old = block_reference(self.old)
        if old is not None and _family(old[1]) == _family(reference[1]):
            return dict(self.old), "the block that was here"
        return self._filled(told.value), told.source

    def _filled(self, block: Mapping[str, Any]) -> dict[str, Any]:
        """A documented block with each argument it leaves out: dictated, its default, or documented."""
        reference = block_reference(block)
        filled = {
            key: self._filled(value) if isinstance(value, Mapping) else value for key, value in block.items()
        }
        for parameter in signature(*reference).parameters if reference else ():
            if parameter.name in filled or parameter.is_variadic:
                continue
            found = self._dictated(parameter) or self._default(parameter)
            told = documented(*reference, parameter.name, self.factory) if reference else None
            if found is not None:
                filled[parameter.name] = found[0]
            elif told is not None:
                is_block = isinstance(told.value, Mapping)
                filled[parameter.name] = self._filled(told.value) if is_block else told.value
        return filled


def _carry_over(
    parameter: Parameter, block: Mapping[str, Any], values: Mapping[str, Any], source: str
) -> Found | None:
    """The argument of that name in a block that leaves, where its type agrees; variables are kept."""
    if parameter.name not in block or not _agrees(parameter, values[parameter.name]):
        return None
    return block[parameter.name], source


def _agrees(parameter: Parameter, value: Any) -> bool:
    """Whether a value (interpolated; a mapping for a block) may be passed as this argument."""
    reference = block_reference(value) if isinstance(value, Mapping) else None
    if reference is None:
        return type_error(value, parameter.annotation) is None
    try:
        return accepts(parameter.annotation, signature(*reference).returns) != "misfit"
    except UnknownBlockError:
        return False


def _can_be_written(value: Any) -> bool:
    """Whether a config can hold a value; a default that is a function applies without standing there."""
    try:
        json.dumps(value)
    except (TypeError, ValueError):
        return False
    return True


def _family(name: str) -> str:
    """A block's name without its version."""
    return name.rpartition(".v")[0]
