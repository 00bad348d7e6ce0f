"""Put other blocks into slots."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from archlab.configs.copying import copy_config, copy_value
from archlab.configs.differences import Diff, diff_configs
from archlab.configs.dotted import is_within, short
from archlab.configs.loading import interpolated, known_path, override_config
from archlab.configs.placing import Placed, place
from archlab.configs.references import last_setting, settle_variables
from archlab.configs.slotting import block_reference, find_slot, full_path, get_section
from archlab.configs.upstreams import drop_unheard
from archlab.errors import SwapError, UnknownSlotError
from archlab.records import Note, Setting, Slot, Swap

if TYPE_CHECKING:
    from confection import Config

CHOICES = (("tok2vec", "own"), ("tok2vec", "shared"))
Change = Swap | Setting
Done = tuple[Change, Placed]


@dataclass(frozen=True)
class Step:
    """What one swap has done. slot: as it was when it was done; before: what sat there."""

    slot: Slot
    before: str


@dataclass(frozen=True, kw_only=True)
class Swapped:
    """A config with blocks swapped.

    steps: one for each swap, in the order in which they were done. base: the config that was given, which is
    not changed. config: complete and new. notes: where each value came from that nobody typed, and what else
    was changed to make it fit.
    """

    steps: tuple[Step, ...]
    base: "Config"
    config: "Config"
    notes: tuple[Note, ...]

    @property
    def diff(self) -> Diff:
        """What has changed."""
        return diff_configs(self.base, self.config)

    def then(self, later: "Swapped") -> "Swapped":
        """These swaps and those that were made in their result, as one."""
        notes = {note.path: note for note in (*self.notes, *later.notes)}
        return Swapped(
            steps=(*self.steps, *later.steps),
            base=self.base,
            config=later.config,
            notes=_true_notes(notes, later.config),
        )


def swap(config: "Config", slot: str, block: str | Mapping[str, Any], /, **arguments: Any) -> Swapped:
    """Swap the block in a slot for another, with every argument named in the result.

    config: filled, as `load_config` gives it. slot: its path; the leading `components.` may be left out, and
    a component may be called by its factory where there is only one of it. block: a registered name (without
    a version, `spacy.TextCatBOW`, the newest that fits), `"@registry:name"` where a name is in several
    registries, or a whole block (a mapping with its `@registry` key). arguments: what to set in it; the rest
    is carried over from the old block or filled with defaults and documented values, as `notes` tell.
    `tok2vec="own"` and `"shared"` stand for a tok2vec of the block's own, and a listener to the shared one.

    Widths stay in step, a listener gets something to hear, and what nobody hears any more goes.
    Raises UnknownSlotError, UnknownBlockError, and SwapError for an argument the block does not take or one
    for which no value is known. Whether the block fits there is for `check` to say.
    """
    return swap_all(config, [Swap(slot, block, arguments)])


def swap_all(config: "Config", changes: Iterable[Change], /, *, in_order: bool = False) -> Swapped:
    """Do several swaps, and set settings, at once: what `swap` says holds for each.

    Outer slots come before inner ones, whatever order they are given in; in_order: as they are given.
    Raises SwapError where two contradict each other: it names both.
    """
    given = list(changes)
    ordered = given if in_order else sorted(given, key=_turn)
    done: list[Done] = []
    now, waiting = copy_config(config), ordered
    while waiting:
        change = _next(now, waiting)
        waiting = [other for other in waiting if other is not change]
        placed = apply_change(now, change)
        done.append((change, placed))
        now = placed.config
        if not in_order:
            _refuse_conflict(config, done, waiting)
    now, dropped = tidy(config, now)
    if not in_order:
        refuse_contradictions(now, done)
    notes: dict[str, Note] = {}
    for _, placed in done:
        earlier = {path: note for path, note in notes.items() if is_within(path, placed.path)}
        notes = {path: note for path, note in notes.items() if path not in earlier}
        for note in placed.notes:
            is_kept = note.path in earlier and note.source == "carried over"
            notes[note.path] = earlier[note.path] if is_kept else note
    notes |= {note.path: note for note in dropped}
    return Swapped(
        steps=tuple(Step(p.slot, p.before) for _, p in done if p.slot is not None),
        base=config,
        config=now,
        notes=_true_notes(notes, now),
    )


def apply_change(config: "Config", change: Change) -> Placed:
    """A copy of the config with one change made. `tidy` ends a row of them."""
    if isinstance(change, Swap):
        return place(config, change.slot, change.block, change.arguments)
    path = full_path(config, change.path)
    if not isinstance(change.value, Mapping):
        path = known_path(config, path)
    return Placed(config=override_config(config, {path: copy_value(change.value)}), path=path)


def tidy(base: "Config", config: "Config") -> "tuple[Config, list[Note]]":
    """The config, after changes to the base, without the components that nobody listens to any more."""
    cleaned = copy_config(config)
    dropped = drop_unheard(base, cleaned)
    if not dropped:
        return config, []
    return cleaned, [*dropped, *settle_variables(config, cleaned, interpolated(config))]


def _turn(change: Change) -> tuple[int, str]:
    """Outer slots come first; slots as deep are in the order of the alphabet, whatever order was given."""
    path = (change.slot if isinstance(change, Swap) else change.path).removeprefix("components.")
    return path.count(".") + isinstance(change, Setting), path


def _next(config: "Config", waiting: Sequence[Change]) -> Change:
    """The first change whose slot is there by now; or else the first, whose error is told."""
    for change in waiting:
        try:
            if isinstance(change, Swap):
                find_slot(config, change.slot)
        except UnknownSlotError:
            continue
        return change
    return waiting[0]


def _refuse_conflict(base: "Config", done: Sequence[Done], waiting: Sequence[Change]) -> None:
    """Raise SwapError where the last change takes away, or also decides, the slot of one that waits."""
    change, placed = done[-1]
    if placed.slot is None:
        return
    for other in waiting:
        if not isinstance(other, Swap):
            continue
        path = full_path(base, other.slot)
        if path == placed.path and other != change:
            raise _contradiction(change, other, "one slot holds one block")
        if _is_slot(base, path) and not _is_slot(placed.config, path):
            raise _contradiction(change, other, f"then there is no slot {short(path)}")


def refuse_contradictions(config: "Config", done: Sequence[Done]) -> None:
    """Raise SwapError where a change does not hold any more, once all are made."""
    for number, (change, placed) in enumerate(done):
        others = [other for n, other in enumerate(done) if n != number]
        if placed.slot is not None and not _is_slot(config, placed.slot.path) and others:
            gone = ".".join(placed.slot.path.split(".")[:2])
            raise _contradiction(change, others[-1][0], f"then nobody listens to {short(gone)}, and it goes")
        for path, value in _said(change, placed).items():
            setting = last_setting(config, path)
            if value in (get_section(config, path), get_section(config, setting)):
                continue
            culprits = [other for other, p in others if _touched(other, p) & {path, setting}]
            if culprits:
                raise _contradiction(change, culprits[-1], f"both decide {short(path)}")


def _said(change: Change, placed: Placed) -> dict[str, Any]:
    """Path -> value, of all that a change says itself."""
    if isinstance(change, Setting):
        return {placed.path: change.value}
    assert placed.slot is not None
    own = {name: value for name, value in placed.given.items() if (name, value) not in CHOICES}
    return {f"{placed.slot.path}.{name}": value for name, value in own.items()}


def _touched(change: Change, placed: Placed) -> set[str]:
    """The settings that a change has decided, said or not."""
    return {*_said(change, placed), *(note.path for note in placed.notes)}


def _contradiction(one: Change, other: Change, why: str) -> SwapError:
    return SwapError(
        f"{_described(one)} and {_described(other)} contradict each other: {why}.", "Leave one out."
    )


def _described(change: Change) -> str:
    if isinstance(change, Setting):
        return f"{change.path} = {change.value}"
    name = change.block if isinstance(change.block, str) else (block_reference(change.block) or ("", "?"))[1]
    told = " ".join([name, *(f"{key}={value}" for key, value in change.arguments.items())])
    return f"{change.slot} {told}"


def _is_slot(config: "Config", path: str) -> bool:
    section = get_section(config, path)
    return isinstance(section, Mapping) and block_reference(section) is not None


def _true_notes(notes: Mapping[str, Note], config: "Config") -> tuple[Note, ...]:
    """The notes of what is still there, with the values of now: a width may have followed another since."""
    found = []
    for path, note in notes.items():
        value = get_section(config, path)
        if value is not None or note.value is None:
            found.append(replace(note, value=value))
    return tuple(found)
