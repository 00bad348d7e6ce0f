"""Put one block into one slot of a config, and bring what is around it into line."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from archlab.catalog.extras import require_block
from archlab.catalog.registered import (
    IN_A_FILE,
    Signature,
    factory_defaults,
    is_registered,
    names,
    registries,
    registries_with,
    signature,
)
from archlab.catalog.signatures import accepts
from archlab.catalog.versions import newest_that_fits
from archlab.configs.completing import complete_block, refuse_unknown_arguments
from archlab.configs.copying import copy_config, copy_section
from archlab.configs.lacking import inside_lacking, lacks
from archlab.configs.leaving import Leaving, leave
from archlab.configs.listening import listener_to
from archlab.configs.loading import interpolated
from archlab.configs.references import VARIABLE, last_setting, moved, settle_variables, target_of, variable
from archlab.configs.slotting import (
    block_reference,
    component_factory,
    find_slot,
    full_path,
    get_section,
    set_section,
)
from archlab.configs.stepping import keep_in_step
from archlab.configs.upstreams import add_upstream, is_listener, shared_upstream, upstream_of
from archlab.configs.vector_places import without_vectors
from archlab.configs.widths import LISTENERS
from archlab.errors import SwapError, UnknownBlockError, UnknownSlotError, did_you_mean
from archlab.records import Note, Slot

if TYPE_CHECKING:
    from confection import Config

OWN, SHARED = "own", "shared"
"""What the argument `tok2vec` may be besides a block: the block's own, or a listener to the shared one."""


@dataclass(frozen=True, kw_only=True)
class Placed:
    """A config after one change.

    path: what was changed. slot: where a block was put, as it is now; None for a setting. before: what was
    there. given: the arguments that were said. notes: what nobody said.
    """

    config: "Config"
    path: str
    slot: Slot | None = None
    before: str = ""
    given: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[Note, ...] = ()


def place(
    config: "Config", name: str, block: str | Mapping[str, Any], arguments: Mapping[str, Any]
) -> Placed:
    """A copy of the config with the block in the slot, its arguments completed, its surroundings in step."""
    slot, before = _find_place(config, name)
    leaving = leave(config, slot.path)
    new, given = _read_block(block, slot, arguments, leaving.expected, before)
    changed = copy_config(config)
    notes: list[Note] = []
    leaving = leaving.uncovered(new.registry, new.name, slot.path)
    chosen = _choose_tok2vec(changed, slot.path, leaving, given, notes)
    here = get_section(config, slot.path)
    stays = (new.registry, new.name) == (slot.registry, slot.block) and not lacks(here, new, chosen)
    if stays:
        section = {**here, **chosen}
    elif new.name in LISTENERS and leaving.component:
        section = _listener(changed, slot.path, leaving, new, chosen, notes)
    elif (new.registry, new.name) == block_reference(leaving.block) and slot.block != new.name:
        section = {**leaving.block, **chosen}  # what a listener heard, or what was wrapped
        notes.append(Note(path=slot.path, value=section, source=leaving.source))
    else:
        section, completed = complete_block(
            changed, slot, new, chosen, leaving, may_share=given.get("tok2vec") != OWN
        )
        notes += completed if slot.block != new.name else _added(completed, slot.path, leaving)
    if isinstance(block, Mapping):  # its order may count
        section = {key: section[key] for key in (*block, *section) if key in section}
    set_section(changed, slot.path, copy_section(section))
    _refuse_dangling(changed, slot, given)
    if slot.block == new.name:
        changed = _complete_inside(changed, slot.path, notes)
    notes += settle_variables(config, changed, interpolated(config))
    notes += without_vectors(config, changed, slot.path, given)
    notes += keep_in_step(config, changed, slot.path)
    _keep_variables(config, changed, slot.path, given)
    placed = find_slot(changed, slot.path)
    return Placed(
        config=changed, path=placed.path, slot=placed, before=before, given=given, notes=tuple(notes)
    )


def _added(notes: Iterable[Note], path: str, leaving: Leaving) -> list[Note]:
    """The notes of what a block lacked that is put in its own place."""
    return [note for note in notes if note.path.removeprefix(f"{path}.") not in leaving.block]


def _complete_inside(config: "Config", path: str, notes: list[Note]) -> "Config":
    """The config with the blocks inside a slot completed, where they lack arguments."""
    while (lacking := inside_lacking(get_section(config, path), path)) is not None:
        placed = place(config, *lacking, {})
        config = placed.config
        notes += placed.notes
    return config


def resolve_block(name: str, registry: str, expected: Any = None) -> tuple[str, str]:
    """(registry, name) of a block as people name it, looked up in the slot's registry, then in all.

    A name without a version is the newest that fits what is expected.
    Raises UnknownBlockError where it is nowhere, or in several registries besides the slot's.
    """
    if name.startswith("@"):
        registry, _, name = name[1:].partition(":")
        if registry not in registries():
            hint = did_you_mean(registry, registries())
            raise UnknownBlockError(f"There is no registry @{registry}.", hint)
        if not is_registered(registry, name):
            hint = did_you_mean(name, names(registry)) or IN_A_FILE
            raise UnknownBlockError(f"No block {name} is registered in @{registry}.", hint)
    found = registries_with(name)
    if registry in found:
        return registry, name
    if len(found) == 1:
        return found[0], name
    if found:
        choices = ", ".join(f"@{choice}:{name}" for choice in found)
        raise UnknownBlockError(f"{name} is in several registries.", f"Name one: {choices}")
    for place in (registry, *registries()):
        if place and (newest := newest_that_fits(name, place, expected)):
            return place, newest
    require_block(name)
    hint = did_you_mean(name, names(registry)) if registry else None
    raise UnknownBlockError(f"No block {name} is registered.", hint or IN_A_FILE)


def _find_place(config: "Config", name: str) -> tuple[Slot, str]:
    """A slot with the name of its block; or a setting that may become one, with its value as text."""
    try:
        slot = find_slot(config, name)
    except UnknownSlotError as error:
        path = full_path(config, name)
        _refuse_inside_listener(config, path, error.message)
        parent, _, key = path.rpartition(".")
        section = get_section(config, parent)
        if not isinstance(section, Mapping) or isinstance(section.get(key, {}), Mapping):
            raise
        return Slot(path=path, registry="", block=""), json.dumps(section[key])
    return slot, slot.block


def _refuse_inside_listener(config: "Config", path: str, message: str) -> None:
    """Raise UnknownSlotError for a slot in a tok2vec that a component does not have but listens to."""
    parts = path.split(".")
    for end in range(2, len(parts)):
        listener = get_section(config, ".".join(parts[:end]))
        heard = upstream_of(config, parts[1], listener) if is_listener(listener) else None
        if heard is not None:
            slot, inner = ".".join(parts[1:end]), ".".join(parts[end:])
            raise UnknownSlotError(
                f"{message.splitlines()[0]} {slot} listens to {heard}.",
                f"There it is {heard}.model.{inner}. One of its own: archlab swap {slot} spacy.Tok2Vec.v2",
            )


def _read_block(
    block: str | Mapping[str, Any], slot: Slot, arguments: Mapping[str, Any], expected: Any, before: str
) -> tuple[Signature, dict[str, Any]]:
    """The signature of a block given by name or whole, and the arguments that were said."""
    given = dict(arguments)
    if not isinstance(block, str):
        reference = block_reference(block)
        if reference is None:
            example = 'For example "@architectures": "name.v1".'
            raise SwapError("A whole block needs one key that names its registry.", example)
        given = {key: value for key, value in block.items() if not key.startswith("@")} | given
        block = f"@{reference[0]}:{reference[1]}"
    try:
        new = signature(*resolve_block(block, slot.registry, expected))
    except UnknownBlockError:
        if slot.block:
            raise
        raise _no_slot(slot) from None
    is_open = before == "null" if expected in (None, Any) else accepts(expected, new.returns) != "misfit"
    if not slot.block and not is_open:
        raise _no_slot(slot)
    refuse_unknown_arguments(new, given, slot)
    return new, given


def _no_slot(slot: Slot) -> UnknownSlotError:
    return UnknownSlotError(
        f"{slot.short} is a setting, not a slot: no block sits there.",
        f"Set it by an override: --{slot.path} VALUE",
    )


def _choose_tok2vec(
    config: "Config", path: str, leaving: Leaving, given: Mapping[str, Any], notes: list[Note]
) -> dict[str, Any]:
    """The arguments with the tok2vec that "own" or "shared" stands for, where it is not there already."""
    chosen = dict(given)
    said = given.get("tok2vec")
    if isinstance(said, str) and said not in (OWN, SHARED) and target_of(said) is None:
        raise SwapError(
            f"{path.removeprefix('components.')}: tok2vec = {said} is neither own nor shared nor a block."
        )
    if given.get("tok2vec") not in (OWN, SHARED) or leaving.component is None:
        return chosen
    wanted, here = chosen.pop("tok2vec"), f"{path}.tok2vec"
    old = leaving.block.get("tok2vec")
    if wanted == SHARED and not is_listener(old):
        upstream = shared_upstream(config, leaving.component)
        if upstream is None:
            _refuse_deaf(config, here, "tok2vec", "*")
            upstream = _add(config, "tok2vec", old, here, notes)
        chosen["tok2vec"] = listener_to(config, upstream)
    if wanted == OWN and is_listener(old):
        chosen["tok2vec"] = _own_tok2vec(config, leaving.component, old, here)
    if "tok2vec" in chosen:
        notes.append(Note(path=here, value=chosen["tok2vec"], source=f"tok2vec={wanted}"))
    return chosen


def _own_tok2vec(config: "Config", component: str, listener: Any, path: str) -> dict[str, Any]:
    """What a listener hears, to stand in its place; spaCy's own default where that is a transformer."""
    upstream = upstream_of(config, component, listener)
    if upstream is None or component_factory(config, f"components.{upstream}") != "tok2vec":
        return dict(factory_defaults("tok2vec")["model"])
    model = f"components.{upstream}.model"
    return moved(get_section(config, model), model, path)


def _listener(
    config: "Config", path: str, leaving: Leaving, new: Signature, given: Mapping[str, Any], notes: list[Note]
) -> dict[str, Any]:
    """A listener for a slot, and what it hears, which is added where there is none."""
    assert leaving.component is not None
    named = {f"@{new.registry}": new.name, **given}
    upstream = upstream_of(config, leaving.component, named)
    if upstream is None:
        _refuse_deaf(config, path, LISTENERS[new.name], given.get("upstream", "*"))
        old = block_reference(leaving.block)
        is_tok2vec = old is not None and accepts(leaving.expected, signature(*old).returns) != "misfit"
        upstream = _add(config, LISTENERS[new.name], leaving.block if is_tok2vec else None, path, notes)
    section = {**listener_to(config, upstream), **named}
    silent = [name for name in section if name not in given and not name.startswith("@")]
    for name in silent:
        has_default = (parameter := new.parameter(name)) is not None and parameter.has_default
        source = "default of the block" if has_default else "documented"
        source = f"as {upstream} gives it" if name == "width" else source
        notes.append(Note(path=f"{path}.{name}", value=section[name], source=source))
    return section


def _refuse_deaf(config: "Config", path: str, kind: str, wanted: str) -> None:
    """Raise SwapError where a listener means a component that is there, or that cannot be made for it."""
    order = config["nlp"]["pipeline"]
    found = [name for name in order if component_factory(config, f"components.{name}") == kind]
    short = path.removeprefix("components.")
    if wanted != "*" and wanted not in found:
        hint = did_you_mean(wanted, found) or 'With upstream="*" it hears the last one before it.'
        raise SwapError(f"{short}: there is no {kind} {wanted} to listen to.", hint)
    if found:
        rest = [name for name in order if name != found[0]]
        raise SwapError(
            f"{short}: {found[0]} comes after it in nlp.pipeline, or is disabled: there is nothing to hear.",
            f"Move it first: --nlp.pipeline '{json.dumps([found[0], *rest])}'",
        )


def _add(config: "Config", kind: str, model: Any, path: str, notes: list[Note]) -> str:
    """Add an upstream of a kind, with the model that stood at `path` where that is one; its name."""
    is_model = kind == "tok2vec" and isinstance(model, Mapping)
    upstream = add_upstream(config, kind, model if is_model else None)
    here = f"components.{upstream}.model"
    if is_model:
        set_section(config, here, moved(model, path, here))
    added, section = f"components.{upstream}", config["components"][upstream]
    notes.append(Note(path=added, value=section, source=f"default config of {kind}"))
    if is_model:
        source = f"the block that was {path.removeprefix('components.')}"
        notes.append(Note(path=here, value=get_section(config, here), source=source))
    order = config["nlp"]["pipeline"]
    notes.append(Note(path="nlp.pipeline", value=order, source=f"{upstream} comes before who listens to it"))
    return upstream


def _refuse_dangling(config: "Config", slot: Slot, given: Mapping[str, Any]) -> None:
    """Raise SwapError for a variable that was given and leads nowhere."""
    for target in re.findall(VARIABLE, json.dumps(given)):
        path = target.replace(":", ".")
        parent, _, key = path.rpartition(".")
        if key not in (get_section(config, parent) or {}):
            raise SwapError(
                f"{slot.short}: {variable(target)} leads nowhere: the config has no {path}.",
                "Give a value in its place.",
            )


def _keep_variables(old: "Config", new: "Config", path: str, given: Mapping[str, Any]) -> None:
    """Where a variable says what was said in full, the variable stays."""
    for name in given:
        was = get_section(old, f"{path}.{name}")
        target = target_of(was)
        if target is None or target == f"{path}.{name}" or last_setting(new, target) == f"{path}.{name}":
            continue
        if get_section(new, last_setting(new, target)) == given[name]:
            set_section(new, f"{path}.{name}", was)
