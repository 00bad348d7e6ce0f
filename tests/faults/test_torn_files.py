"""Files cut off at every byte, and with any bit flipped: what is damaged counts as not there, and no more."""

import json
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from made_results import made_result, made_spec

from archlab.engines.base import evaluated, make_result
from archlab.engines.driving import missing_runs
from archlab.errors import InvalidError
from archlab.processes import identity, still_runs
from archlab.records import Json, Outcome, Result, RunSpec
from archlab.results.collection import load_layout, stored_results
from archlab.results.files import read_json, read_json_lines, write_json
from archlab.results.recounting import Recounter, prf_measure
from archlab.results.store import Store
from archlab.results.tables import Layout, Place

SPECS = (made_spec("run1"), made_spec("run2", seed=1))
RESULTS = {spec.run_id: made_result(spec, labels=1) for spec in SPECS}
DONE = RESULTS["run1"]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """Two runs that are done."""
    store = Store("demo", tmp_path / "experiments")
    for spec in SPECS:
        store.prepare(spec, "[nlp]\n")
        store.record(RESULTS[spec.run_id])
    return store


def cut(content: bytes) -> Iterator[bytes]:
    yield from (content[:end] for end in range(len(content)))


def flipped(content: bytes) -> Iterator[bytes]:
    """With each bit flipped, one at a time."""
    for place, byte in enumerate(content):
        for bit in range(8):
            yield content[:place] + bytes([byte ^ 1 << bit]) + content[place + 1 :]


def damaged(content: bytes) -> Iterator[bytes]:
    yield from cut(content)
    yield from flipped(content)


def without_checksum(path: Path, data: Json) -> bytes:
    """A file as an archlab has written it that knew of no checksums."""
    write_json(path, data)
    kept = [line for line in path.read_text(encoding="utf8").splitlines() if "sha256" not in line]
    text = "\n".join([*kept[:-2], kept[-2].rstrip(","), kept[-1]])
    path.write_text(text, encoding="utf8")
    assert read_json(path) == json.loads(json.dumps(data))
    return text.encode()


def test_a_damaged_result_counts_as_none_and_never_as_another(store: Store) -> None:
    path = store.paths.run("run1").result
    content = path.read_bytes()
    kept: dict[bytes, Result | None] = {}
    for torn in damaged(content):
        path.write_bytes(torn)
        kept[torn] = store.load("run1")
        assert kept[torn] in (None, DONE)
    told = [torn for torn, result in kept.items() if result is not None]
    assert content[:-1] in told  # only the line's end is gone
    assert all(torn.startswith(content[: content.rindex(b",\n")]) for torn in told)  # in the checksum itself


def test_a_damaged_result_is_trained_again_and_the_others_stay(store: Store) -> None:
    path, folder = store.paths.run("run1").result, store.paths.folder.parent
    content = path.read_bytes()
    assert missing_runs(SPECS, folder) == []
    for end in range(0, len(content) - 1, 97):
        path.write_bytes(content[:end])
        assert missing_runs(SPECS, folder) == [SPECS[0]]
        assert [result.run_id for result in stored_results("demo", folder)] == ["run2"]
        assert len(stored_results("demo", folder).table().rows) == 1
    assert store.prepare(SPECS[0], "[nlp]\n").attempt == 2
    store.record(DONE)
    assert store.results() == list(RESULTS.values())


def test_a_result_without_a_checksum_is_read_as_far_as_it_can_be(store: Store) -> None:
    path = store.paths.run("run1").result
    content = without_checksum(path, DONE.to_dict())
    assert store.load("run1") == DONE
    for torn in cut(content):
        path.write_bytes(torn)
        assert store.load("run1") is None
    for torn in flipped(content):
        path.write_bytes(torn)
        assert isinstance(store.load("run1"), Result | None)


def test_a_damaged_outcome_is_not_adopted(store: Store) -> None:
    paths = store.paths.run("run1")
    paths.result.unlink()
    outcome = Outcome(status="done", scores=DONE.scores, weighted_score=0.5, cost=DONE.cost, steps=200)
    write_json(paths.outcome, outcome.to_dict())
    content = paths.outcome.read_bytes()
    assert missing_runs(SPECS, store.paths.folder.parent) == []
    assert make_result(SPECS[0], outcome).score == DONE.score
    for torn in damaged(content):
        paths.outcome.write_bytes(torn)
        assert store.outcome("run1") in (None, outcome)
    paths.outcome.write_bytes(content.replace(b'"steps": 200', b'"steps": 201'))
    assert missing_runs(SPECS, store.paths.folder.parent) == [SPECS[0]]


def test_a_damaged_spec_is_none(store: Store) -> None:
    path = store.paths.run("run1").spec
    for torn in damaged(path.read_bytes()):
        path.write_bytes(torn)
        spec = read_json(path)
        assert spec is None or RunSpec.from_dict(spec) == SPECS[0]
        assert store.attempts("run1") in (0, 1)


def counts() -> Json:
    """A file of counts with every form of measure."""
    rows = [(0, "ORG", 1, 0, 1), (0, "PER", 2, 1, 0), (2, "PER", 0, 1, 3)]
    named = {f"x_{key}": f"{over}_{key}" for over in ("micro", "macro") for key in "prf"}
    ranked = prf_measure(rows, {"auc": "macro_auc", "f": "positive_f"}, labels=["ORG", "PER"], always=True)
    ranking = {"ranks": [[0, 2, 1], [1, 0, -1]], "label": [0, 1], "document": [1, 0], "gold": [1, 1]}
    measures = {
        "x": prf_measure(rows, named),
        "acc": prf_measure([(1, None, 1, 2, 3)], {"acc": "micro_p"}, labelled=False),
        "cats": {**ranked, "positive_label": "PER", "ranking": ranking},
    }
    return {"schema_version": 1, "documents": 3, "words": [9, 12, 7], "measures": measures}


def recounted(content: Json) -> dict[str, float | None] | None:
    """The scores of a file's content, all of them tried; None where it is refused."""
    try:
        recounter = Recounter(content)
    except InvalidError:
        return None
    labelled = [name for name, measure in recounter.measures.items() if measure.labels is not None]
    for name in labelled:
        recounter.per_label(name)
    return recounter.scores()


def test_damaged_counts_are_refused_and_never_counted(tmp_path: Path) -> None:
    path = tmp_path / "per_doc.json"
    write_json(path, counts(), compact=True)
    whole = recounted(read_json(path))
    assert whole is not None
    for torn in damaged(path.read_bytes()):
        path.write_bytes(torn)
        assert recounted(read_json(path)) in (None, whole)


def test_counts_without_a_checksum_are_counted_or_refused() -> None:
    for torn in flipped(json.dumps(counts()).encode()):
        with suppress(ValueError):
            recounted(json.loads(torn))
    with pytest.raises(InvalidError, match=r"per_doc\.json is damaged"):
        Recounter({"schema_version": 1, "documents": 0, "words": [], "measures": {"x": {"form": "prf"}}})


EVALUATIONS = [
    {"step": step, "max_steps": 200, "score": step / 300, "scores": {"cats_macro_f": step / 250}}
    for step in (0, 50, 100)
]


def test_damaged_progress_leaves_out_no_line_that_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "progress.jsonl"
    lines = [f"{line}\n".replace("'", '"').encode() for line in EVALUATIONS]
    content = b"".join(lines)
    for torn in damaged(content):
        path.write_bytes(torn)
        with path.open("rb") as file:
            found = read_json_lines(file)
        for line in found:
            event = evaluated(SPECS[0], line)
            assert all(isinstance(n, int | float | None) for n in (event.step, event.max_steps, event.score))
        untouched = [line for line in torn.splitlines(keepends=True) if line in lines]
        assert all(EVALUATIONS[lines.index(line)] in found for line in untouched)


def test_progress_is_followed_past_a_damaged_line(tmp_path: Path) -> None:
    path = tmp_path / "progress.jsonl"
    with path.open("wb", buffering=0) as writing, path.open("rb") as reading:
        writing.write(b'{"step": 0}\n{"step"')
        assert read_json_lines(reading) == [{"step": 0}]
        writing.write(b': 50}\n\xff\x00{"step": 75}\n[1]\nNaN\n{"step": 100}\n')
        assert read_json_lines(reading) == [{"step": 50}, {"step": 100}]
        assert read_json_lines(reading) == []


LAYOUT = Layout(
    sweep="demo",
    score_name="cats_macro_f",
    places=tuple(
        Place(row=row, column=None, variant_id=SPECS[0].variant_id, run_ids=(run_id,))
        for row, run_id in (("base", "run1"), ("TextCatBOW.v3", "run2"))
    ),
)


def test_a_damaged_layout_is_none(store: Store) -> None:
    path = store.paths.plan
    write_json(path, LAYOUT.to_dict())
    for torn in damaged(path.read_bytes()):
        path.write_bytes(torn)
        assert load_layout(store) in (None, LAYOUT)


def test_a_damaged_identity_is_nobodys(tmp_path: Path) -> None:
    """As process.json and driver.json hold it."""
    path = tmp_path / "process.json"
    whole = identity(os.getpid())
    assert whole is not None
    write_json(path, whole)
    assert still_runs(read_json(path))
    for torn in damaged(path.read_bytes()):
        path.write_bytes(torn)
        found = read_json(path)
        assert not still_runs(found) or whole.items() <= found.items()
    for torn in damaged(without_checksum(path, whole)):
        path.write_bytes(torn)
        still_runs(read_json(path))
