"""Keep widths in step: an embedding and its encoder, a listener and its upstream."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from archlab.configs.dotted import is_within, short
from archlab.configs.references import last_setting
from archlab.configs.slotting import block_reference, get_section, set_section, walk_blocks
from archlab.configs.upstreams import is_listener, upstream_of
from archlab.configs.widths import ENCODERS, TOK2VECS, as_width, width_setting
from archlab.records import Note

if TYPE_CHECKING:
    from confection import Config


def keep_in_step(base: "Config", config: "Config", leader: str) -> list[Note]:
    """Set, in place, each width that has to equal one that was set at or below `leader`; a note for each.

    base: as it was; what was out of step there is left for the check to tell. leader: the slot
    that a block came into. An encoder leads its embedding where both are new; an upstream
    always leads its listeners.
    """
    notes: list[Note] = []
    led = {leader}
    pairs = list(_pairs(config))
    for _ in pairs:  # what is set may lead in its turn
        for first, second, is_mutual in pairs:
            ahead, behind = first, second
            if is_mutual and _is_led(second, led) and not _is_led(first, led):
                ahead, behind = second, first
            setting = _out_of_step(config, ahead, behind)
            if setting is None or not _is_led(ahead, led) or _out_of_step(base, ahead, behind):
                continue
            value = get_section(config, last_setting(config, ahead))
            set_section(config, setting, value)
            led.add(setting)
            notes.append(Note(path=setting, value=value, source=f"in step with {short(ahead)}"))
    return notes


def _pairs(config: Mapping[str, Any]) -> Iterator[tuple[str, str, bool]]:
    """(setting, setting, whether either may lead) of widths that have to be equal."""
    for name in config["nlp"]["pipeline"]:
        component = config["components"].get(name, {})
        for path, block in walk_blocks(component, f"components.{name}"):
            if is_listener(block) and (heard := upstream_of(config, name, block)) is not None:
                model = get_section(config, f"components.{heard}.model")
                if isinstance(model, Mapping):
                    yield width_setting(f"components.{heard}.model", model), f"{path}.width", False
            embed = block.get("embed")
            if _are_joined(block) and isinstance(embed, Mapping):
                inner = width_setting(f"{path}.embed", embed)
                if is_listener(embed):
                    yield inner, f"{path}.encode.width", False
                else:
                    yield f"{path}.encode.width", inner, True


def _are_joined(block: Mapping[str, Any]) -> bool:
    """Whether it is a Tok2Vec whose encoder takes vectors of its own width."""
    reference, encode = block_reference(block), block.get("encode")
    if reference is None or reference[1] not in TOK2VECS or not isinstance(encode, Mapping):
        return False
    encoder = block_reference(encode)
    return encoder is not None and encoder[1] in ENCODERS and encode.get("depth") != 0


def _out_of_step(config: Mapping[str, Any], ahead: str, behind: str) -> str | None:
    """The setting behind that has to change; None where the two agree, or one is not known.

    Where its value stands elsewhere, in [vars] or in another component, it gets one of its own.
    """
    setting = last_setting(config, behind)
    if setting.split(".")[:2] != behind.split(".")[:2]:
        setting = behind
    leading = as_width(get_section(config, last_setting(config, ahead)))
    following = as_width(get_section(config, last_setting(config, behind)))
    return setting if leading and following and leading != following else None


def _is_led(setting: str, led: set[str]) -> bool:
    return any(is_within(setting, path) for path in led)
