"""Two configs compared block by block: what was renamed, moved or swapped, and which settings differ."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from archlab.configs.differences import merged_order, setting_text
from archlab.configs.dotted import is_within
from archlab.configs.fingerprints import config_digest, variant_id
from archlab.configs.loading import interpolated
from archlab.configs.matching import find_moved, kind_of, match_components, renamed, section_names
from archlab.configs.slotting import block_reference, get_section
from archlab.records import Json

if TYPE_CHECKING:
    from confection import Config

Kind = Literal["renamed", "moved", "swapped", "added", "removed"]
Verdict = Literal["equal", "same variant", "same but for the data", "another variant"]

KINDS: tuple[Kind, ...] = ("renamed", "moved", "swapped", "added", "removed")

_NOTHING = object()


@dataclass(frozen=True, kw_only=True)
class BlockChange:
    """What happened to a block, or to a component as a whole; what lies in it goes with it.

    kind: renamed (components alone), moved (the same elsewhere), swapped (another one there), added, removed.
    old_path, new_path: where it is in the first config and in the second; None where it is not.
    old, new: the block's names, of a component `factory ner`, or the value that stands where no block does.
    """

    kind: Kind
    old_path: str | None
    new_path: str | None
    old: str | None
    new: str | None


@dataclass(frozen=True, kw_only=True)
class SettingChange:
    """A setting that differs.

    path: where it is in the second config. old_path: in the first; another one where a component was renamed.
    old, new: the values as they are written, variables and all; None where `change` is added or removed.
    same_value: written otherwise, while the variables in it stand for the same value.
    """

    change: Literal["changed", "added", "removed"]
    path: str
    old_path: str
    old: Any
    new: Any
    same_value: bool = False


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Two configs compared; empty (and false) where they are equal.

    blocks: by kind. variant_ids: what both mean. has_same_config: they mean the same, the data left out.
    """

    blocks: tuple[BlockChange, ...]
    settings: tuple[SettingChange, ...]
    variant_ids: tuple[str, str]
    has_same_config: bool

    def __bool__(self) -> bool:
        return bool(self.blocks or self.settings) or not self.is_same_variant

    @property
    def is_same_variant(self) -> bool:
        """Whether both mean the same: results of one are results of the other, up to the seed."""
        return self.variant_ids[0] == self.variant_ids[1]

    @property
    def verdict(self) -> Verdict:
        if not self:
            return "equal"
        if self.is_same_variant:
            return "same variant"
        return "same but for the data" if self.has_same_config else "another variant"

    def to_dict(self) -> Json:
        return {"verdict": self.verdict, **asdict(self)}


def diff(a: "Config", b: "Config") -> Comparison:
    """Compare two configs block by block; what was renamed or moved is seen as such.

    a, b: filled, as `load_config` gives them. A component is renamed where one of its factory is there under
    another name; what changes with its name alone is not told. A block has moved where the same, with all
    that is in it, is somewhere else.
    Raises ConfigError where a variable points nowhere.
    """
    values = interpolated(a), interpolated(b)
    names = match_components(*values)
    walk = _Walk(a, section_names(a, names), renamed(values[0], names), values[1])
    for was, now in names.items():
        if was != now:
            walk.note("renamed", f"components.{now}", a["components"][was], b["components"][now])
    walk.compare("", renamed(a, names), b)
    walk.tell_moves()
    return Comparison(
        blocks=tuple(sorted(walk.blocks, key=lambda change: KINDS.index(change.kind))),
        settings=tuple(walk.settings),
        variant_ids=(variant_id(values[0]), variant_id(values[1])),
        has_same_config=config_digest(values[0]) == config_digest(values[1]),
    )


@dataclass
class _Walk:
    """Goes through two configs side by side, components under the same names, and notes what differs.

    first: the first as it was given. names: what its components are called since. old, new: interpolated.
    """

    first: Mapping[str, Any]
    names: Mapping[str, str]
    old: Mapping[str, Any]
    new: Mapping[str, Any]
    blocks: list[BlockChange] = field(default_factory=list)
    settings: list[SettingChange] = field(default_factory=list)

    def compare(self, path: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> None:
        """Note what differs in a section and below it."""
        told = {_reference_key(path, old), _reference_key(path, new)}
        for key in merged_order(list(old), list(new)):
            here = f"{path}.{key}" if path else key
            before, after = old.get(key, _NOTHING), new.get(key, _NOTHING)
            if isinstance(before, Mapping) and isinstance(after, Mapping):
                if _reference(here, before) != _reference(here, after):
                    self.note("swapped", here, before, after)
                self.compare(here, before, after)
            elif _is_block(here, before) or _is_block(here, after):
                self.note(_kind(before, after), here, before, after)
            elif isinstance(before, Mapping) or isinstance(after, Mapping):
                self._compare_values(here, before, after)
                self.compare(here, _section(before), _section(after))
            elif key not in told:
                self._compare_values(here, before, after)

    def note(self, kind: Kind, path: str, old: Any, new: Any) -> None:
        """Note what happened to what is, or was, at a path."""
        self.blocks.append(
            BlockChange(
                kind=kind,
                old_path=None if old is _NOTHING else self._old_path(path),
                new_path=None if new is _NOTHING else path,
                old=None if old is _NOTHING else _described(path, old),
                new=None if new is _NOTHING else _described(path, new),
            )
        )

    def tell_moves(self) -> None:
        """Note the blocks that have moved, instead of the coming and going of what is in them."""
        for path, now in find_moved(self.old, self.new):
            was, name = self._old_path(path), _described(now, get_section(self.new, now))
            self.blocks = [
                change
                for change in self.blocks
                if not (change.kind == "removed" and is_within(str(change.old_path), was))
                and not (change.kind == "added" and is_within(str(change.new_path), now))
            ]
            self.settings = [
                change
                for change in self.settings
                if not (change.change == "removed" and is_within(change.old_path, was))
                and not (change.change == "added" and is_within(change.path, now))
            ]
            self.blocks.append(BlockChange(kind="moved", old_path=was, new_path=now, old=name, new=name))

    def _compare_values(self, path: str, old: Any, new: Any) -> None:
        """Note values that differ; a section counts as nothing."""
        is_old, is_new = (value is not _NOTHING and not isinstance(value, Mapping) for value in (old, new))
        if is_old == is_new and (not is_old or json.dumps(old) == json.dumps(new)):
            return
        was = self._old_path(path)
        values = [json.dumps(_setting(config, path)) for config in (self.old, self.new)]
        self.settings.append(
            SettingChange(
                change="changed" if is_old and is_new else "removed" if is_old else "added",
                path=path,
                old_path=was,
                old=_setting(self.first, was) if is_old else None,
                new=new if is_new else None,
                same_value=is_old and is_new and values[0] == values[1],
            )
        )

    def _old_path(self, path: str) -> str:
        """A path as it was before components were renamed."""
        old_names = {now: was for was, now in self.names.items()}
        parts = path.split(".")
        place = 2 if parts[:2] == ["initialize", "components"] else 1
        if parts[place - 1] == "components" and len(parts) > place:
            parts[place] = old_names.get(parts[place], parts[place])
        return ".".join(parts)


def _kind(old: Any, new: Any) -> Kind:
    if old is _NOTHING:
        return "added"
    return "removed" if new is _NOTHING else "swapped"


def _reference(path: str, section: Mapping[str, Any]) -> tuple[str, str] | None:
    """What decides which block a section is, or which component."""
    return ("", kind_of(section)) if _is_component(path) else block_reference(section)


def _reference_key(path: str, section: Mapping[str, Any]) -> str | None:
    if _is_component(path):
        return kind_of(section).partition(" ")[0]
    reference = block_reference(section)
    return f"@{reference[0]}" if reference else None


def _is_component(path: str) -> bool:
    return path.startswith("components.") and path.count(".") == 1


def _is_block(path: str, value: Any) -> bool:
    return isinstance(value, Mapping) and _reference(path, value) is not None


def _section(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _setting(config: Mapping[str, Any], path: str) -> Any:
    parent, _, key = path.rpartition(".")
    return _section(get_section(config, parent)).get(key)


def _described(path: str, value: Any) -> str:
    """The name of a block, the factory of a component, a value as it is written."""
    if not isinstance(value, Mapping):
        return setting_text(value)
    reference = _reference(path, value)
    return reference[1] if reference else "no block"
