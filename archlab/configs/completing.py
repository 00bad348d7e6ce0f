"""Find a value for each argument of a block that comes into a slot, and say where it came from."""

import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from archlab.catalog.defaults import dictated, documented
from archlab.catalog.defects import joins_badly
from archlab.catalog.meanings import kind, means_the_same
from archlab.catalog.registered import Parameter, Signature, signature
from archlab.catalog.signatures import accepts, describe, gloss, is_model
from archlab.catalog.values import type_error
from archlab.catalog.versions import family
from archlab.configs.leaving import Leaving
from archlab.configs.listening import listener_to
from archlab.configs.rates import LENGTHS, PEAKS, height, span_size
from archlab.configs.references import moved, variable, without_gone
from archlab.configs.sizes import fit_width, make_even
from archlab.configs.slotting import block_reference
from archlab.configs.upstreams import shared_upstream
from archlab.configs.wrapping import around
from archlab.errors import SwapError, UnknownBlockError, did_you_mean
from archlab.records import Note, Slot

if TYPE_CHECKING:
    from confection import Config

Found = tuple[Any, str]
"""A value, and where it came from."""


def complete_block(
    config: "Config",
    slot: Slot,
    new: Signature,
    given: Mapping[str, Any],
    leaving: Leaving,
    *,
    may_share: bool = True,
) -> tuple[dict[str, Any], list[Note]]:
    """The block `new`, to sit in the slot with every argument named; a note for each that was not given.

    An argument that is not given comes from: the old block's argument of that name, where type and meaning
    agree; the old block's sublayers; what the component dictates; the block's own default; the shared
    tok2vec, where it is one that is asked for; the documented value; the old block itself, where the new one
    wraps another. The width is that of what was here, whatever is documented: its neighbours count on it.
    may_share: False where no listener may be made that nobody asked for.
    Raises SwapError for an argument the block does not take, or one for which no value is known.
    """
    sources = _Sources(config if may_share else None, slot, new, leaving)
    block: dict[str, Any] = {f"@{new.registry}": new.name}
    missing = []
    for parameter in new.parameters:
        if parameter.is_variadic:
            continue
        if parameter.name in given:
            block[parameter.name] = given[parameter.name]
        elif (found := sources.find(parameter)) is not None:
            block[parameter.name], source = found
            sources.note(parameter.name, found[0], source)
        elif not parameter.has_default:
            missing.append(parameter.name)
    block |= {key: value for key, value in given.items() if key not in block}
    if "*" not in block and (inside := around(new.name, leaving.block, leaving.values, slot.path)):
        block["*"] = inside
        sources.note("*", inside, "the block that was here")
    sized = fit_width(block, slot.path, leaving.width, given) + make_even(block, slot.path, given)
    missing = [name for name in missing if name not in block]
    if missing:
        _refuse_misfit(slot, new, leaving.expected)
        example = " ".join(f"{name}=..." for name in missing)
        counted = " nO is the number of labels." if "nO" in missing and _is_model_of(slot, leaving) else ""
        raise SwapError(
            f"{slot.short}: {new.name} needs {', '.join(missing)}: no value is known.{counted}",
            f"Give it: archlab swap {slot.short} {new.name} {example}",
        )
    resized = {note.path for note in sized}
    return block, [*(note for note in sources.notes if note.path not in resized), *sized]


def _is_model_of(slot: Slot, leaving: Leaving) -> bool:
    """Whether the slot is the whole model of a component, and none of its sublayers."""
    return slot.path == f"components.{leaving.component}.model"


def refuse_unknown_arguments(new: Signature, given: Mapping[str, Any], slot: Slot) -> None:
    """Raise SwapError for a given argument that the block does not take; the nearest one is offered."""
    known = [parameter.name for parameter in new.parameters if not parameter.is_variadic]
    for name in given:
        if name not in known and name != "*" and not new.accepts_any_keyword:
            hint = did_you_mean(name, known) or f"It takes {', '.join(known) or 'no arguments'}."
            raise SwapError(f"{slot.short}: {new.name} has no argument {name}.", hint)


def _refuse_misfit(slot: Slot, new: Signature, expected: Any) -> None:
    """Whoever puts a block where none of its kind fits should hear that, and not what it lacks."""
    if expected is None or accepts(expected, new.returns) != "misfit":
        return
    told = [f"{describe(t)} ({g})" if (g := gloss(t)) else describe(t) for t in (new.returns, expected)]
    raise SwapError(
        f"{slot.short}: {new.name} returns {told[0]}, and {told[1]} is needed there.",
        f"What fits: archlab fits {slot.short}",
    )


class _Sources:
    """Where the arguments of one block may come from, the nearest source first."""

    def __init__(self, config: "Config | None", slot: Slot, new: Signature, leaving: Leaving) -> None:
        self.config = config
        self.slot = slot
        self.new = new
        self.leaving = leaving
        self.notes: list[Note] = []

    def note(self, argument: str, value: Any, source: str) -> None:
        self.notes.append(Note(path=f"{self.slot.path}.{argument}", value=value, source=source))

    def find(self, parameter: Parameter) -> Found | None:
        sources: tuple[Callable[[Parameter], Found | None], ...] = (
            self._old_block,
            self._old_sublayer,
            self._dictated,
            self._rate,
            self._span_sizes,
            self._default,
            self._shared,
            self._documented,
            self._component,
            self._wrapped,
            self._open,
        )
        return next((found for source in sources if (found := source(parameter)) is not None), None)

    def _old_block(self, parameter: Parameter) -> Found | None:
        leaving = self.leaving
        if joins_badly(self.new.registry, self.new.name, parameter.name, leaving.argument_values):
            return None
        return self._carried(self.new, parameter, leaving.arguments, leaving.argument_values, leaving.source)

    def _old_sublayer(self, parameter: Parameter) -> Found | None:
        """From the sublayer that does the slot's own job, the BOW inside an Ensemble; or else from the only
        one that has the argument: the depth of an encoder."""
        inner = self.leaving.sublayers
        stand_ins = [name for name, section in inner.items() if self._does_the_job(section)]
        for names in (stand_ins, inner if parameter.name != "nO" else ()):
            found = [
                carried
                for name in names
                if (
                    carried := self._carried(
                        self.new,
                        parameter,
                        inner[name],
                        self.leaving.argument_values[name],
                        f"{self.leaving.source} from {name}",
                    )
                )
            ]
            if len(found) == 1:
                return found[0]
        return None

    def _does_the_job(self, section: Mapping[str, Any]) -> bool:
        reference = block_reference(section)
        assert reference is not None
        return self.leaving.expected is not None and (
            accepts(self.leaving.expected, signature(*reference).returns) == "fits"
        )

    def _carried(
        self,
        new: Signature,
        parameter: Parameter,
        block: Mapping[str, Any],
        values: Mapping[str, Any],
        source: str,
    ) -> Found | None:
        """The argument of that name in a block that leaves; variables are kept."""
        reference = block_reference(block)
        if parameter.name not in block or reference is None:
            return None
        value = values[parameter.name]
        agrees = means_the_same(parameter.name, reference, (new.registry, new.name))
        if not agrees or not _agrees(parameter, value):
            return None
        kept = {parameter.name for parameter in self.new.parameters}
        return without_gone(block[parameter.name], value, self.slot.path, kept), source

    def _dictated(self, parameter: Parameter) -> Found | None:
        told = dictated(self.leaving.factory, parameter.name) if self.leaving.factory else None
        return None if told is None else (told.value, told.source)

    def _rate(self, parameter: Parameter) -> Found | None:
        """How high a schedule is, and how long it takes."""
        if self.new.registry != "schedules":
            return None
        if parameter.name == PEAKS.get(self.new.name):
            rate = height(self.leaving.block, self.leaving.values) or self.leaving.number
            return None if rate is None else (rate, "the rate that was here")
        if parameter.name == "min_lr":
            highest = height(self.leaving.values, self.leaving.values) or self.leaving.number
            return None if highest is None else (highest / 10, "a tenth of the rate that was here")
        if (self.new.name, parameter.name) in LENGTHS and self.leaving.max_steps:
            return "${training.max_steps}", "as long as the training may take"
        return None

    def _span_sizes(self, parameter: Parameter) -> Found | None:
        """The spans of a suggester: its sizes one by one, or from the smallest to the largest."""
        found = span_size(parameter.name, self.leaving.values)
        return None if found is None else (found, "the sizes that were here")

    def _default(self, parameter: Parameter) -> Found | None:
        is_written = parameter.has_default and _can_be_written(parameter.default)
        return (parameter.default, "default of the block") if is_written else None

    def _shared(self, parameter: Parameter) -> Found | None:
        """A model that needs a tok2vec listens to the shared one, as the rest of the pipeline does."""
        component = self.leaving.component
        is_its_model = _is_model_of(self.slot, self.leaving)
        if parameter.name != "tok2vec" or component is None or self.config is None or not is_its_model:
            return None
        upstream = shared_upstream(self.config, component)
        if upstream is None:
            return None
        return listener_to(self.config, upstream), f"listens to {upstream}; tok2vec=own gives it its own"

    def _documented(self, parameter: Parameter) -> Found | None:
        if self.new.name == "compounding.v1" and not self.slot.path.endswith(".size"):
            return None  # what is documented of it are sizes of batches
        told = documented(self.new.registry, self.new.name, parameter.name, self.leaving.factory)
        if told is None:
            return None
        reference = block_reference(told.value) if isinstance(told.value, Mapping) else None
        if reference is None:
            return told.value, told.source
        old = block_reference(self.leaving.block)
        if old is not None and kind(old[1]) == kind(reference[1]):
            return self._old_whole(parameter)
        return self._filled(told.value, parameter.name), told.source

    def _wrapped(self, parameter: Parameter) -> Found | None:
        """The block that was here, inside one that wraps another: a residual connection around it."""
        old = block_reference(self.leaving.block)
        if not parameter.is_required or old is None or not is_model(parameter.annotation):
            return None
        verdict = accepts(parameter.annotation, signature(*old).returns)
        may_hold_it = verdict == "fits" or (verdict == "unknown" and self.new.registry == "layers")
        return self._old_whole(parameter) if may_hold_it else None

    def _old_whole(self, parameter: Parameter) -> Found:
        path = self.slot.path
        return moved(self.leaving.block, path, f"{path}.{parameter.name}"), "the block that was here"

    def _component(self, parameter: Parameter) -> Found | None:
        """What the component around it is told in the same words: the key of the spans it works on."""
        component, value = self.leaving.component, self.leaving.settings.get(parameter.name)
        if not parameter.is_required or value is None or not _agrees(parameter, value):
            return None
        return variable(f"components.{component}.{parameter.name}"), f"as {component} has it"

    def _open(self, parameter: Parameter) -> Found | None:
        """None, where a block wants to be told and may be told nothing."""
        is_optional = parameter.is_required and _agrees(parameter, None)
        return (None, "left open") if is_optional and parameter.annotation is not Any else None

    def _filled(self, block: Mapping[str, Any], path: str) -> dict[str, Any]:
        """A documented sublayer with each argument it leaves out; a note for each that differs from it."""
        filled = {
            key: self._filled(value, f"{path}.{key}") if isinstance(value, Mapping) else value
            for key, value in block.items()
        }
        reference = block_reference(block)
        if reference is None:
            return filled
        inner = signature(*reference)
        for parameter in inner.parameters:
            if parameter.is_variadic:
                continue
            found = self._kept(inner, parameter, path)
            if found is None and parameter.name not in filled:
                found = self._dictated(parameter) or self._default(parameter)
                told = documented(*reference, parameter.name, self.leaving.factory)
                if found is None and told is not None:
                    is_block = isinstance(told.value, Mapping)
                    value = self._filled(told.value, f"{path}.{parameter.name}") if is_block else told.value
                    found = value, told.source
            if found is not None and (parameter.name not in filled or filled[parameter.name] != found[0]):
                filled[parameter.name] = found[0]
                self.note(f"{path}.{parameter.name}", *found)
        return filled

    def _kept(self, inner: Signature, parameter: Parameter, path: str) -> Found | None:
        """What a new sublayer has in common with the other version of it that was there, or with the old
        block: the depth of a CNN that is now an encoder."""
        there = self.leaving.part(path)
        reference = block_reference(there.block)
        is_other_version = reference is not None and family(reference[1]) == family(inner.name)
        for old in (there, self.leaving) if is_other_version else (self.leaving,):
            found = self._carried(inner, parameter, old.block, old.values, old.source)
            if found is not None and parameter.name != "nO" and not isinstance(found[0], Mapping):
                return found
        return None


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
