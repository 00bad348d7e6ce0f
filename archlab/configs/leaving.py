"""What leaves a slot, and what it leaves behind for the block that comes."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from archlab.configs.loading import interpolated
from archlab.configs.references import moved, without_gone
from archlab.configs.slotting import (
    block_reference,
    component_factory,
    expected_type,
    get_section,
    walk_blocks,
)
from archlab.configs.upstreams import is_listener, upstream_of
from archlab.configs.widths import TOK2VECS, width_of

if TYPE_CHECKING:
    from confection import Config


@dataclass(frozen=True, kw_only=True)
class Leaving:
    """The block in a slot, as another takes its place. A listener stands for what it hears.

    block, values: its section, with its variables and without. source: how a note calls it.
    component, factory: what the slot lies in; None outside components. settings: the component's own, without
    variables and without blocks. number: what was there, where it was no block but a number. max_steps: how
    long training may take; 0 for as long as it likes. expected: the annotation of what the slot takes, None
    where nothing is stated. width: of what comes out there; None where it is not known.
    """

    block: Mapping[str, Any]
    values: Mapping[str, Any]
    source: str
    component: str | None
    settings: Mapping[str, Any]
    number: float | None
    max_steps: int
    factory: str | None
    expected: Any
    width: int | None

    @property
    def arguments(self) -> dict[str, Any]:
        """The block with the layers of a combinator among its arguments."""
        return _with_layers(self.block)

    @property
    def argument_values(self) -> dict[str, Any]:
        """The same, without variables."""
        return _with_layers(self.values)

    @property
    def sublayers(self) -> dict[str, Mapping[str, Any]]:
        """The blocks among its arguments."""
        inner = {name: value for name, value in self.arguments.items() if isinstance(value, Mapping)}
        return {name: section for name, section in inner.items() if block_reference(section)}

    def part(self, path: str) -> "Leaving":
        """The same, of a section inside the block: an empty one where there is none."""
        block, values = get_section(self.block, path), get_section(self.values, path)
        is_section = isinstance(block, Mapping)
        return replace(self, block=block if is_section else {}, values=values if is_section else {})

    def uncovered(self, registry: str, name: str, path: str) -> "Leaving":
        """The same, for a block that is inside the one that leaves, and that stands alone in its place."""
        inside = [
            (where, block)
            for where, block in walk_blocks(self.block)
            if block_reference(block) == (registry, name)
        ]
        if len(inside) != 1 or block_reference(self.block) == (registry, name):
            return self
        ((where, block),) = inside
        values = get_section(self.values, where)
        return replace(
            self,
            block=without_gone(moved(block, f"{path}.{where}", path), values, path, block),
            values=values,
            source=f"{self.source} from {where}",
        )


def leave(config: "Config", path: str) -> Leaving:
    """What sits at a path, which is a slot or a setting."""
    values = interpolated(config)
    parts = path.split(".")
    component = parts[1] if parts[0] == "components" else None
    block, source = get_section(config, path), "carried over"
    if component and is_listener(block) and (upstream := upstream_of(config, component, block)):
        model = f"components.{upstream}.model"
        block, source = moved(get_section(config, model), model, path), f"{source} from {upstream}"
        plain = get_section(values, model)
    else:
        plain = get_section(values, path)
    settings = get_section(values, f"components.{component}") if component else {}
    is_block = isinstance(block, Mapping)
    return Leaving(
        block=block if is_block else {},
        values=plain if is_block else {},
        source=source,
        component=component,
        number=plain if isinstance(plain, (int, float)) and not isinstance(plain, bool) else None,
        max_steps=get_section(values, "training.max_steps") or 0,
        settings={name: value for name, value in settings.items() if not isinstance(value, Mapping)},
        factory=component_factory(config, path),
        expected=expected_type(config, path),
        width=_width(values, path, plain),
    )


def _with_layers(block: Mapping[str, Any]) -> dict[str, Any]:
    return {**block.get("*", {}), **{key: value for key, value in block.items() if key != "*"}}


def _width(values: Mapping[str, Any], path: str, block: Any) -> int | None:
    """How wide the vectors are that come out of a slot: of an embedding, an encoder, a whole tok2vec."""
    parent, _, argument = path.rpartition(".")
    reference = (
        block_reference(section) if isinstance(section := get_section(values, parent), Mapping) else None
    )
    if reference is not None and reference[1] in TOK2VECS and argument in ("embed", "encode"):
        other = "encode" if argument == "embed" else "embed"
        return width_of(block) or width_of(section.get(other))
    is_token_wise = argument == "tok2vec" or component_factory(values, path) == "tok2vec"
    return width_of(block) if is_token_wise else None
