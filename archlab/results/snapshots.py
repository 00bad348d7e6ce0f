"""What the runs of a sweep came to, as far as the CI gate needs it: small enough to be committed."""

from collections.abc import Iterable, Sequence
from hashlib import sha256
from statistics import median
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from archlab.records import Result
from archlab.results.layouts import BASE, Place, is_base
from archlab.results.packing import pack
from archlab.results.paired_scores import Scores

if TYPE_CHECKING:
    from archlab.results.collection import Results

DIGITS = 6
"""Of a score: a millionth, which no test tells from another."""

MAX_DOCUMENTS = 10_000_000

MOST = 1e15
"""No score and no cost is larger."""

SEPARATOR = ", "

Standing = Literal["done", "failed", "missing", "rejected"]


def one_line(text: str) -> str:
    """A text without line breaks: what reads a job's log could take a line for a command."""
    return " ".join(text.split())


MOST_CHARACTERS = 2000

OneLine = Annotated[str, Field(max_length=MOST_CHARACTERS), AfterValidator(one_line)]


class _Frozen(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, allow_inf_nan=False)


class Where(_Frozen):
    """What runs ran with and on; where they differ, each of it. platform: the system and the processor."""

    versions: dict[OneLine, OneLine] = {}
    python: OneLine | None = None
    platform: OneLine | None = None
    device: OneLine | None = None


class ScoreSnapshot(_Frozen):
    """One score of a variant. seeds: seed -> score. documents: seed -> what each document adds, packed."""

    seeds: dict[int, Annotated[float, Field(ge=-MOST, le=MOST)]]
    documents: dict[int, str] = {}


class Speed(_Frozen):
    """Words per second: of each seed's run, the median over its passes. machine: where they were measured."""

    seeds: dict[int, Annotated[float, Field(ge=1, le=MOST)]] = {}
    machine: OneLine | None = None

    @property
    def is_of_one_machine(self) -> bool:
        return SEPARATOR not in (self.machine or "")


class Snapshot(_Frozen):
    """One place of a sweep's table.

    standing: done where all of its runs are. reason: why it is not. config, data, code: digests of what was
    trained, on what, and with which files. dev_documents: how many its runs were scored on; dev_digest tells
    them from others. parameters, model_bytes: the median over its runs.
    """

    row: OneLine
    column: OneLine | None
    standing: Standing
    reason: OneLine | None = None
    config: str | None = None
    data: str | None = None
    code: str | None = None
    scores: dict[str, ScoreSnapshot] = {}
    dev_documents: int = Field(default=0, ge=0, le=MAX_DOCUMENTS)
    dev_digest: str | None = None
    parameters: float | None = Field(default=None, ge=0, le=MOST)
    model_bytes: float | None = Field(default=None, ge=0, le=MOST)
    words_per_second: Speed = Speed()

    @property
    def label(self) -> str:
        return self.row if self.column is None else f"{self.row} [{self.column}]"

    @property
    def key(self) -> tuple[str, str | None]:
        """What it is found by: a base is the base, whatever block it has."""
        return (BASE if is_base(self.row) else self.row, self.column)


class SweepSnapshot(_Frozen):
    """All places of a sweep's table, in its order."""

    sweep: str
    where: Where
    places: tuple[Snapshot, ...]


def take_snapshot(results: "Results", score_names: Sequence[str]) -> SweepSnapshot:
    """What the runs of a sweep came to, by these scores."""
    scores = None if results.paths is None else Scores(results.paths, results.layout.score_weights)
    done = [result for result in results if result.status == "done"]
    return SweepSnapshot(
        sweep=results.layout.sweep,
        where=_where(done),
        places=tuple(_snapshot(place, results, score_names, scores) for place in results.layout.places),
    )


def _where(done: Sequence[Result]) -> Where:
    if not done:
        return Where()
    all_of = [result.environment for result in done]
    names = sorted({name for one in all_of for name in one.versions})
    return Where(
        versions={name: _each(one.versions.get(name) for one in all_of) or "" for name in names},
        python=_each(one.python for one in all_of),
        platform=_each(one.platform for one in all_of),
        device=_each(one.device for one in all_of),
    )


def _each(told: Iterable[str | None]) -> str | None:
    """What all runs tell, or each of what they tell."""
    known = sorted({text for text in told if text is not None})
    return SEPARATOR.join(known) if known else None


def _snapshot(place: Place, results: "Results", names: Sequence[str], scores: Scores | None) -> Snapshot:
    runs = [results.by_run[run_id] for run_id in place.run_ids if run_id in results.by_run]
    standing, reason = _standing(place, runs)
    if standing != "done":
        return Snapshot(row=place.row, column=place.column, standing=standing, reason=reason)
    runs = sorted(runs, key=lambda result: result.seed)
    prints, costs = runs[0].fingerprints, [result.cost for result in runs]
    found = {name: _score(runs, name, scores) for name in names}
    by_document = scores is not None and any(score.documents for score in found.values())
    words = scores.documents_of(runs) if scores is not None and by_document else None
    return Snapshot(
        row=place.row,
        column=place.column,
        standing="done",
        config=prints.config,
        data=prints.data,
        code=prints.code,
        scores=found,
        dev_documents=len(words or ()),
        dev_digest=sha256(repr(words).encode()).hexdigest()[:12] if words else None,
        parameters=_middle(cost.parameters for cost in costs),
        model_bytes=_middle(cost.model_bytes for cost in costs),
        words_per_second=Speed(
            seeds={
                result.seed: round(speed)
                for result in runs
                if (speed := result.cost.words_per_second) and speed >= 1
            },
            machine=_each(result.environment.machine for result in runs),
        ),
    )


def _standing(place: Place, runs: Sequence[Result]) -> tuple[Standing, str | None]:
    if place.rejected is not None:
        return "rejected", place.rejected
    for result in runs:
        if result.status != "done":
            why = f"{result.reason.kind}: {result.reason.message}" if result.reason else result.status
            return "failed", f"seed {result.seed}: {why}"
    if len(runs) < len(place.run_ids):
        return "missing", f"{len(place.run_ids) - len(runs)} of {len(place.run_ids)} runs have no result"
    return "done", None


def _score(runs: Sequence[Result], name: str, scores: Scores | None) -> ScoreSnapshot:
    """None where any run lacks it. Documents are kept where all runs tell them, and the same."""
    values = {result.seed: value for result in runs if (value := result.value(name)) is not None}
    if len(values) < len(runs):
        return ScoreSnapshot(seeds={})
    documents: dict[int, str] = {}
    if scores is not None:
        found = {r.seed: scores.by_document(r, name) for r in runs if r.seed in values}
        known = {seed: of_seed for seed, of_seed in found.items() if of_seed is not None}
        if known and len(known) == len(found) and scores.have_same_documents(runs):
            documents = {seed: pack(of_seed) for seed, of_seed in known.items()}
    return ScoreSnapshot(
        seeds={seed: round(value, DIGITS) for seed, value in values.items()}, documents=documents
    )


def _middle(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return median(known) if known else None
