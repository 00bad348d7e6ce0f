"""What archlab passes around: frozen, plain, and free of spaCy.

Records that are written to files have `to_dict` and `from_dict`; `from_dict` ignores keys of newer
schemas and raises KeyError where a required key is missing.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from math import isfinite
from typing import Any, Literal, Self

from archlab.reading_records import FromDict as FromDict
from archlab.reading_records import Json as Json

SCHEMA_VERSION = 1

Severity = Literal["error", "warning", "note"]
Status = Literal["done", "invalid", "failed", "pruned", "interrupted"]


@dataclass(frozen=True, kw_only=True)
class Slot:
    """A place in a config where a block sits.

    path: dotted and complete, `components.textcat.model.tok2vec`.
    registry: `architectures`, `layers`, `misc`, `optimizers` ...
    block: the registered name that sits there, `spacy.Tok2Vec.v2`.
    expects: the type the parent or component asks for, as text; None where nothing is stated.
    """

    path: str
    registry: str
    block: str
    expects: str | None = None

    @property
    def short(self) -> str:
        """The path as people type it: without the leading `components.`."""
        return self.path.removeprefix("components.")


@dataclass(frozen=True)
class Swap:
    """slot -> block, as people say it.

    slot: its path; the leading `components.` may be left out. block: a registered name, `"@registry:name"`,
    or a whole block (a mapping with its `@registry` key). arguments: what to set in it.
    """

    slot: str
    block: str | Mapping[str, Any]
    arguments: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Setting:
    """A value for a setting of the config: `training.dropout`, 0.2."""

    path: str
    value: Any


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing `check` has to say about a slot.

    slot: the dotted path it is about.
    expected, given: the two sides of a disagreement, as text, where there are two.
    fix: what to change or type, or None.
    file, line: where the slot stands, where there is a file. column: in the line, from 1, where it is known.
    variants: the labels of the variants of a sweep that it hits; empty for a single config.
    """

    severity: Severity
    slot: str
    message: str
    fix: str | None = None
    expected: str | None = None
    given: str | None = None
    file: str | None = None
    line: int | None = None
    column: int | None = None
    variants: tuple[str, ...] = ()

    def to_dict(self) -> Json:
        return asdict(self)


@dataclass(frozen=True)
class Report:
    """All findings of one check."""

    findings: tuple[Finding, ...] = ()

    @property
    def errors(self) -> tuple[Finding, ...]:
        return tuple(finding for finding in self.findings if finding.severity == "error")

    @property
    def ok(self) -> bool:
        """True where no finding is an error."""
        return not self.errors

    def to_dict(self) -> Json:
        return {"ok": self.ok, "findings": [finding.to_dict() for finding in self.findings]}


@dataclass(frozen=True, kw_only=True)
class Note:
    """Where the value of an argument came from that nobody typed.

    path: the dotted path of the argument; of a component that goes, where it was. value: None there. source:
    `carried over from linear_model`, `default of the block`.
    """

    path: str
    value: Any
    source: str


@dataclass(frozen=True, kw_only=True)
class Variant:
    """The base with one choice from each axis: one config.

    row, column: where the table shows it; column is None where the sweep has no columns.
    settings: slot or override path -> the choice made there, JSON values.
    config: filled, with its variables; a run sets its seed.
    """

    variant_id: str
    row: str
    column: str | None
    settings: Json
    config: Json

    @property
    def label(self) -> str:
        return self.row if self.column is None else f"{self.row} [{self.column}]"


@dataclass(frozen=True, kw_only=True)
class Placement:
    """A place in the table where a variant is shown."""

    row: str
    column: str | None
    variant_id: str

    @property
    def label(self) -> str:
        return self.row if self.column is None else f"{self.row} [{self.column}]"


@dataclass(frozen=True, kw_only=True)
class Rejected:
    """A variant that will not be trained, and why."""

    row: str
    column: str | None
    settings: Json
    findings: tuple[Finding, ...]

    @property
    def label(self) -> str:
        return self.row if self.column is None else f"{self.row} [{self.column}]"


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What one run may use. None means: no limit."""

    minutes: float | None = None
    memory_gb: float | None = None


@dataclass(frozen=True, kw_only=True)
class GridLimits:
    """How far a grid goes before it stops. None means: to its end.

    minutes: of training. failures: runs that failed. attempts: how often in a row a run may be killed.
    """

    minutes: float | None = None
    failures: int | None = None
    attempts: int = 3


@dataclass(frozen=True, kw_only=True)
class Fingerprints(FromDict):
    """SHA-256 digests (12 hex digits) of what a result depends on."""

    config: str
    data: str
    code: str
    versions: str


@dataclass(frozen=True, kw_only=True)
class RunSpec(FromDict):
    """All that a child process needs to know to train one run; written as spec.json.

    device: `cpu`, or the name of the GPU's model. gpu_id: -1 for CPU.
    settings: slot or override path -> the choice made there, JSON values.
    code: absolute paths of the files that register blocks, imported before anything else.
    files: absolute path -> content digest of all that the training reads, code and corpora among it.
    attempt: how often it has been started, this time included. crashes: how often in a row, before this
    attempt, it was killed or ended without a word.
    """

    run_id: str
    variant_id: str
    variant: str
    sweep: str
    settings: Json
    seed: int
    device: str
    gpu_id: int
    code: list[str]
    score_name: str
    fingerprints: Fingerprints
    files: dict[str, str] = field(default_factory=dict)
    limits: Limits = field(default_factory=Limits)
    attempt: int = 1
    crashes: int = 0
    schema_version: int = SCHEMA_VERSION

    def to_dict(self) -> Json:
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Json) -> Self:
        prints, limits = Fingerprints.from_dict(data["fingerprints"]), Limits(**data["limits"])
        return super().from_dict({**data, "fingerprints": prints, "limits": limits})


@dataclass(frozen=True, kw_only=True)
class Reason(FromDict):
    """Why a run is not done.

    kind: error (an exception, or an exit without a word), nan, memory, gpu_memory, timeout; killed (by a
    signal: it is tried again), crash_loop (as often as it may be tried); disk (full) and changed (data or
    code were edited meanwhile), which the next grid tries again.
    """

    kind: str
    message: str


@dataclass(frozen=True, kw_only=True)
class Seconds(FromDict):
    """Wall seconds per phase, as if nothing had been done beside the training. What was not reached is None.

    start: from process start to the config read (imports, device). data: reading the corpora in the
    training loop. initialize: building and initialising the pipeline. update, evaluate, save: the sums
    over all steps and evaluations.
    """

    start: float | None = None
    data: float | None = None
    initialize: float | None = None
    update: float | None = None
    evaluate: float | None = None
    save: float | None = None
    total: float | None = None


@dataclass(frozen=True, kw_only=True)
class Cost(FromDict):
    """What a variant costs. What is not known is None, never 0.

    parameters: trainable floats of all components. words_per_second: of the dev corpus, tokenised and
    predicted by the saved model in a process of its own, on the run's device and threads: the median over
    words_per_second_passes. seconds: of the training, without that.
    """

    parameters: int | None = None
    model_bytes: int | None = None
    words_per_second: float | None = None
    words_per_second_passes: tuple[float, ...] = ()
    peak_memory_bytes: int | None = None
    seconds: Seconds = field(default_factory=Seconds)

    @classmethod
    def from_dict(cls, data: Json) -> Self:
        passes = tuple(
            x for x in data.get("words_per_second_passes") or () if isinstance(x, float) and isfinite(x)
        )
        seconds = Seconds.from_dict(data.get("seconds") or {})
        return super().from_dict({**data, "words_per_second_passes": passes, "seconds": seconds})


@dataclass(frozen=True, kw_only=True)
class Environment(FromDict):
    """Where a run ran. versions: distribution name -> version. machine: names it, since it was started."""

    versions: dict[str, str] = field(default_factory=dict)
    python: str | None = None
    platform: str | None = None
    device: str | None = None
    threads: int | None = None
    machine: str | None = None


WEIGHTED_SCORE = "score"
"""The name of the config's own weighted score, among the scores of a result."""


@dataclass(frozen=True, kw_only=True)
class Result(FromDict):
    """What a run left; written as result.json, last, and never changed when done.

    score: the value of score_name at the best step. scores: all numbers and tables that spaCy's scorer gave
    there, and under `score` the config's own weighted score.
    started, finished: UTC, ISO 8601.
    """

    run_id: str
    variant_id: str
    variant: str
    swaps: Json
    seed: int
    status: Status
    reason: Reason | None
    score: float | None
    score_name: str
    scores: Json
    best_step: int | None
    steps: int | None
    epochs: int | None
    cost: Cost
    environment: Environment
    fingerprints: Fingerprints
    started: str | None
    finished: str | None
    attempt: int
    schema_version: int = SCHEMA_VERSION

    def value(self, score_name: str) -> float | None:
        """A score by name; None where the run has no such number, or one that is not finite."""
        score = self.scores.get(score_name)
        return score if isinstance(score, (int, float)) and isfinite(score) else None

    def to_dict(self) -> Json:
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Json) -> Self:
        fingerprints = Fingerprints.from_dict(data["fingerprints"])
        return super().from_dict({**data, **_outcome_parts(data), "fingerprints": fingerprints})


@dataclass(frozen=True, kw_only=True)
class Outcome(FromDict):
    """What a child hands to the driver, who makes the Result of it; written as outcome.json."""

    status: Status
    reason: Reason | None = None
    scores: Json = field(default_factory=dict)
    weighted_score: float | None = None
    best_step: int | None = None
    steps: int | None = None
    epochs: int | None = None
    cost: Cost = field(default_factory=Cost)
    environment: Environment = field(default_factory=Environment)
    started: str | None = None
    finished: str | None = None

    def to_dict(self) -> Json:
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Json) -> Self:
        return super().from_dict({**data, **_outcome_parts(data)})


def _outcome_parts(data: Json) -> Json:
    """The records inside a result or an outcome."""
    return {
        "reason": Reason.from_dict(data["reason"]) if data.get("reason") else None,
        "cost": Cost.from_dict(data["cost"]),
        "environment": Environment.from_dict(data["environment"]),
    }
