"""What fits into a slot, and why the rest does not."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

from archlab.catalog.registered import Signature, names, signature
from archlab.catalog.signatures import accepts, describe, is_model
from archlab.checking.structure import check_structure
from archlab.checking.typing import check_types
from archlab.configs.loading import interpolated
from archlab.configs.slotting import expected_type, find_slot, get_section
from archlab.configs.swapping import swap
from archlab.errors import ArchlabError, SwapError
from archlab.records import Finding, Json, Slot

if TYPE_CHECKING:
    from confection import Config

Fitness = Literal["fits", "needs", "unknown", "misfit"]
ORDER: tuple[Fitness, ...] = ("fits", "needs", "unknown", "misfit")


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A registered block, and whether it fits a slot.

    verdict: "fits"; "needs", where its types fit and an argument has no known value; "unknown", where its
    signature does not tell; "misfit". reason: why it is not "fits"; "" where it is. arguments: what a bare
    swap would set in it; empty where none can be made. summary: the first sentence of its docstring, or "".
    """

    registry: str
    name: str
    verdict: Fitness
    reason: str
    arguments: Json
    summary: str

    def to_dict(self) -> Json:
        return asdict(self)


def fits(config: "Config", slot: str) -> list[Candidate]:
    """Every registered block with its verdict for a slot: what fits first, newest versions first.

    config: filled, as `load_config` gives it. Nothing is built; `check` at level probe decides what stays
    unknown. Raises UnknownSlotError where the config has no such slot.
    """
    found = find_slot(config, slot)
    expected = expected_type(config, found.path)
    already = set(_errors(interpolated(config)))
    candidates = [
        _candidate(config, found, expected, registry, name, already)
        for registry in _registries(found, expected)
        for name in reversed(names(registry))
    ]
    return sorted(candidates, key=lambda candidate: ORDER.index(candidate.verdict))


def _registries(slot: Slot, expected: Any) -> Iterator[str]:
    """The slot's own registry; where a model is expected, layers may stand there, too."""
    yield slot.registry
    if is_model(expected):
        yield from (registry for registry in ("architectures", "layers") if registry != slot.registry)


def _candidate(
    config: "Config", slot: Slot, expected: Any, registry: str, name: str, already: set[Finding]
) -> Candidate:
    try:
        taken = signature(registry, name)
    except ArchlabError as error:
        return Candidate(
            registry=registry, name=name, verdict="misfit", reason=error.message, arguments={}, summary=""
        )
    verdict, reason, arguments = _judge(config, slot, expected, taken, already)
    return Candidate(
        registry=registry,
        name=name,
        verdict=verdict,
        reason=reason,
        arguments=arguments,
        summary=taken.summary,
    )


def _judge(
    config: "Config", slot: Slot, expected: Any, taken: Signature, already: set[Finding]
) -> tuple[Fitness, str, Json]:
    by_type = "unknown" if expected in (None, Any) else accepts(expected, taken.returns)
    if by_type == "misfit":
        return "misfit", f"it is {describe(taken.returns)}", {}
    try:
        swapped = swap(config, slot.path, f"@{taken.registry}:{taken.name}").config
        values = interpolated(swapped)
    except SwapError as error:
        reason = error.message.removeprefix(f"{slot.short}: {taken.name} ")
        return ("needs" if by_type == "fits" else "unknown"), reason, {}
    block: Mapping[str, Any] = get_section(values, slot.path)
    arguments = {key: value for key, value in block.items() if not key.startswith("@")}
    new = [finding for finding in _errors(values) if finding not in already]
    if new:
        return "misfit", new[0].message, arguments
    if by_type == "unknown":
        return "unknown", f"it is {describe(taken.returns)}; only a probe can tell", arguments
    return "fits", "", arguments


def _errors(values: Mapping[str, Any]) -> list[Finding]:
    findings = [*check_types(values), *check_structure(values)]
    return [finding for finding in findings if finding.severity == "error"]
