"""The baseline of a sweep: what its runs came to when somebody agreed with it. It is committed."""

import json
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from archlab.errors import BaselineError, NothingToCompareError, UsageError
from archlab.results.files import write_text
from archlab.results.gate_findings import Finding
from archlab.results.snapshots import MOST_CHARACTERS, OneLine, Snapshot, SweepSnapshot, Where, one_line

SCHEMA_VERSION = 1
MAX_BYTES = 200_000_000


class Acknowledged(BaseModel):
    """A regression that is known: until when, and why.

    variant, rule, metric: of the finding. value: what it had become; worse than that is news. None where the
    rule has no number.
    """

    model_config = ConfigDict(extra="ignore", frozen=True, allow_inf_nan=False)

    variant: OneLine
    rule: OneLine
    metric: OneLine | None
    value: float | None
    reason: OneLine
    until: date

    def is_about(self, finding: Finding) -> bool:
        return (self.variant, self.rule, self.metric) == (finding.variant, finding.rule, finding.metric)


class Baseline(BaseModel):
    """What `regress` compares with. made: the day. reason: why it was made."""

    model_config = ConfigDict(extra="ignore", frozen=True, allow_inf_nan=False)

    schema_version: int = SCHEMA_VERSION
    sweep: str
    made: date
    reason: OneLine
    where: Where
    acknowledged: tuple[Acknowledged, ...] = ()
    places: tuple[Snapshot, ...]

    @classmethod
    def of(cls, snapshot: SweepSnapshot, reason: str, made: date) -> Self:
        """A new one. Raises UsageError without a reason."""
        return cls(
            sweep=snapshot.sweep,
            made=made,
            reason=require_reason(reason, "--update"),
            where=snapshot.where,
            places=snapshot.places,
        )

    def acknowledging(self, known: Iterable[Acknowledged]) -> Self:
        """The same with more regressions known; what is said anew goes before what was said."""
        new = tuple(known)
        said = {(one.variant, one.rule, one.metric) for one in new}
        kept = [one for one in self.acknowledged if (one.variant, one.rule, one.metric) not in said]
        return self.model_copy(update={"acknowledged": (*kept, *new)})


def require_reason(reason: str | None, option: str) -> str:
    """A reason that says something, on one line. Raises UsageError for none."""
    told = one_line(reason or "")
    if not told:
        raise UsageError(f"{option} needs a reason: it is kept.", f'Add --reason "..." to {option}.')
    if len(told) > MOST_CHARACTERS:
        raise UsageError(f"The reason has {len(told):,} characters, more than {MOST_CHARACTERS:,}.")
    return told


def read_baseline(path: Path, sweep: str, update: str) -> Baseline:
    """The baseline of a sweep.

    update: the command that makes a new one. Raises NothingToCompareError where there is none, BaselineError
    where it cannot be read, is of a newer schema or of another sweep.
    """
    try:
        if path.exists() and not path.is_file():  # a device has no end
            raise _corrupt(path, "it is no file", update)
        if path.stat().st_size > MAX_BYTES:
            raise BaselineError(f"{path} is larger than {MAX_BYTES:,} bytes: that is no baseline.")
        data = json.loads(path.read_bytes().decode("utf8"))
    except FileNotFoundError:
        raise NothingToCompareError(f"There is no baseline {path}.", f"Make one: {update}") from None
    except OSError as error:
        raise _corrupt(path, error.strerror or str(error), update) from None
    except (ValueError, RecursionError) as error:
        raise _corrupt(path, str(error), update) from None
    if not isinstance(data, dict):
        raise _corrupt(path, "it is no JSON object", update)
    version = data.get("schema_version")
    if isinstance(version, int) and version > SCHEMA_VERSION:
        raise BaselineError(
            f"{path} is of schema {version}; this archlab reads {SCHEMA_VERSION}.",
            f"Use the archlab that made it, or a newer one; or make it anew: {update}",
        )
    try:
        baseline = Baseline.model_validate(data)
    except ValidationError as error:
        raise _corrupt(path, _first(error), update) from None
    if baseline.sweep != sweep:
        raise BaselineError(
            f"{path} is the baseline of the sweep {baseline.sweep}, not of {sweep}.",
            f"Put it where it belongs, or make one of {sweep}: {update}",
        )
    return baseline


def write_baseline(path: Path, baseline: Baseline) -> None:
    """Write a baseline atomically, a score on each line. Raises MachineError where it cannot be written."""
    data: dict[str, Any] = baseline.model_dump(mode="json")
    write_text(path, json.dumps(data, indent=1, ensure_ascii=False, allow_nan=False) + "\n")


def _first(error: ValidationError) -> str:
    first = error.errors()[0]
    return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"


def _corrupt(path: Path, why: str, update: str) -> BaselineError:
    return BaselineError(
        f"{path} cannot be read: {why}.", f"Bring it back from version control, or make it anew: {update}"
    )
