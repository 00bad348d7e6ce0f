"""What fits into a slot, and why the rest does not."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from archlab.catalog.registered import Signature, names, signature
from archlab.catalog.signatures import accepts, describe, is_model, model_types
from archlab.checking.isolating import SECONDS
from archlab.checking.origins import code_file
from archlab.checking.probing import NOT_PROBED, unprobed
from archlab.checking.probing_many import OnProbe, probe_all
from archlab.checking.structure import check_structure
from archlab.checking.typing import SHOWN_WHEN_RUN, check_types
from archlab.configs.fingerprints import digest
from archlab.configs.loading import interpolated
from archlab.configs.slotting import expected_type, find_slot, get_section
from archlab.configs.swapping import swap
from archlab.errors import ArchlabError, SwapError
from archlab.memory import Memory
from archlab.records import Finding, Json, Slot

if TYPE_CHECKING:
    from confection import Config

Fitness = Literal["fits", "needs", "unknown", "misfit"]
ORDER: tuple[Fitness, ...] = ("fits", "needs", "unknown", "misfit")


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A registered block, and whether it fits a slot.

    verdict: "fits"; "needs", where its types fit and an argument has no known value; "unknown", where neither
    its signature nor the config tells; "misfit". reason: why it is not "fits"; "" where it is, unless a
    probe warns. returns: what it builds, as annotations say it; "" where it cannot be imported. arguments:
    what a bare swap would set in it; empty where none can be made. summary: the first sentence of its
    docstring, or "".
    """

    registry: str
    name: str
    verdict: Fitness
    reason: str
    returns: str
    arguments: Json
    summary: str

    def to_dict(self) -> Json:
        return asdict(self)


@dataclass(frozen=True)
class Trial:
    """A candidate, and what a probe of it would compare: the config before a bare swap, and after it.

    before, after: interpolated. after is None where no swap can be made, or where it is wrong already.
    """

    candidate: Candidate
    before: Mapping[str, Any]
    after: Mapping[str, Any] | None


def fits(
    config: "Config",
    slot: str,
    *,
    probe: bool = False,
    code: Sequence[str | Path] = (),
    seconds: float = SECONDS,
    jobs: int | None = None,
    on_probe: OnProbe | None = None,
) -> list[Candidate]:
    """Every registered block with its verdict for a slot: what fits first, newest versions first.

    config: filled, as `load_config` gives it. Without a probe nothing is built, and what signatures leave
    open is "unknown". probe: whatever is "fits" or "unknown" after that, and needs no argument that nobody
    knows, is built and trained for a moment, each in a process of its own, and is then "fits" or "misfit".
    code: files that register blocks, which the caller has imported and each probe imports again. seconds: of
    wall time for each probe. jobs: probes at once; default one per core. on_probe: told (done, of how many).
    Raises UnknownSlotError where the config has no such slot.
    """
    trials = try_all(config, slot)
    if probe:
        return in_order(probed(trials, code=code, seconds=seconds, jobs=jobs, on_probe=on_probe))
    return in_order(trial.candidate for trial in trials)


def try_all(config: "Config", slot: str) -> list[Trial]:
    """Every registered block in a slot, judged by types and structure."""
    found = find_slot(config, slot)
    before, memory = interpolated(config), Memory()
    place = _Place(
        config=config,
        slot=found,
        expected=expected_type(config, found.path),
        before=before,
        already=frozenset(_findings(before, memory)),
        memory=memory,
    )
    return [
        _try(place, registry, name)
        for registry in _registries(found, place.expected)
        for name in reversed(names(registry))
    ]


@dataclass(frozen=True, kw_only=True)
class _Place:
    """Where candidates are tried. before: the config, interpolated. already: its own findings."""

    config: "Config"
    slot: Slot
    expected: Any
    before: Mapping[str, Any]
    already: frozenset[Finding]
    memory: Memory


def probed(
    trials: Sequence[Trial],
    *,
    code: Sequence[str | Path] = (),
    seconds: float = SECONDS,
    jobs: int | None = None,
    on_probe: OnProbe | None = None,
) -> list[Candidate]:
    """The candidate of each trial, with what a probe says of it; configs that are equal are probed once."""
    after = [trial.after for trial in trials if trial.after is not None]
    before = [trial.before for trial in trials if trial.after is not None]
    configs = {digest(config): config for config in (*after, *before)}
    found = probe_all(configs, code=code, seconds=seconds, jobs=jobs, on_probe=on_probe)
    return [
        trial.candidate
        if trial.after is None
        else _decided(trial.candidate, found[digest(trial.before)], found[digest(trial.after)])
        for trial in trials
    ]


def in_order(candidates: Iterable[Candidate]) -> list[Candidate]:
    """What fits first."""
    return sorted(candidates, key=lambda candidate: ORDER.index(candidate.verdict))


def _registries(slot: Slot, expected: Any) -> Iterator[str]:
    """The slot's own registry; where a model is expected, layers may stand there, too."""
    yield slot.registry
    if is_model(expected):
        yield from (registry for registry in ("architectures", "layers") if registry != slot.registry)


def _try(place: _Place, registry: str, name: str) -> Trial:
    candidate = Candidate(
        registry=registry, name=name, verdict="misfit", reason="", returns="", arguments={}, summary=""
    )
    try:
        taken = signature(registry, name)
    except ArchlabError as error:
        return Trial(replace(candidate, reason=error.message), place.before, None)
    verdict, reason, after = _judge(place, taken)
    block: Mapping[str, Any] = get_section(after, place.slot.path) if after is not None else {}
    judged = replace(
        candidate,
        verdict=verdict,
        reason=reason,
        returns=describe(taken.returns),
        arguments={key: value for key, value in block.items() if not key.startswith("@")},
        summary=taken.summary,
    )
    return Trial(judged, place.before, None if verdict == "misfit" else after)


def _judge(place: _Place, taken: Signature) -> tuple[Fitness, str, Mapping[str, Any] | None]:
    """The verdict, its reason, and the config after a bare swap, interpolated, where one can be made."""
    slot = place.slot
    by_type = "unknown" if place.expected in (None, Any) else accepts(place.expected, taken.returns)
    if by_type == "misfit":
        return "misfit", f"it is {describe(taken.returns)}", None
    without_arguments: Fitness = "needs" if by_type == "fits" else "unknown"
    try:
        after = interpolated(swap(place.config, slot.path, f"@{taken.registry}:{taken.name}").config)
    except SwapError as error:
        reason = error.message.removeprefix(f"{slot.short}: {taken.name} ")
        return without_arguments, reason, None
    new = [finding for finding in _findings(after, place.memory) if finding not in place.already]
    if errors := [finding.message for finding in new if finding.severity == "error"]:
        return "misfit", errors[0], after
    combined = [p.name for p in taken.parameters if p.kind is p.kind.VAR_POSITIONAL]
    if combined and "*" not in get_section(after, slot.path):  # nothing for the combinator to combine
        return without_arguments, f"needs *{combined[0]}: no value is known.", None
    if by_type == "unknown":
        reason = f"it is {describe(taken.returns)}; only a probe can tell{_or_annotations(taken)}"
        return "unknown", reason, after
    if open_ones := [finding.message for finding in new if finding.message.endswith(SHOWN_WHEN_RUN)]:
        return "unknown", open_ones[0], after
    return "fits", "", after


def _or_annotations(taken: Signature) -> str:
    """What else would tell of a --code block that states no types."""
    file = None if model_types(taken.returns) else code_file(taken.registry, taken.name)
    return f", or annotations: archlab lint-types {file}" if file else ""


def _findings(values: Mapping[str, Any], memory: Memory) -> list[Finding]:
    return [*check_types(values, memory), *check_structure(values)]


def _decided(candidate: Candidate, before: Sequence[Finding], after: Sequence[Finding]) -> Candidate:
    """The verdict after a probe; what the config's own probe says, too, is not the candidate's fault."""
    new = [finding for finding in after if finding not in before]
    errors = [finding.message for finding in new if finding.severity == "error"]
    if errors:
        return replace(candidate, verdict="misfit", reason=errors[0])
    common = [finding.message for finding in after if finding.severity == "error"]
    if common:
        return replace(candidate, reason=f"{NOT_PROBED}: the config fails as it is: {common[0]}")
    if why := unprobed(after):
        return replace(candidate, reason=why[0])
    warnings = [finding.message for finding in new if finding.severity == "warning"]
    return replace(candidate, verdict="fits", reason=warnings[0] if warnings else "")
