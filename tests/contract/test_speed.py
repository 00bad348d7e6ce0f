"""Words per second: a measurement of its own, which no trained run is lost for."""

import multiprocessing
import os
from pathlib import Path
from statistics import median
from time import perf_counter, sleep
from typing import Any

import numpy
import pytest
import spacy
from made_results import made_spec
from spacy.language import Language
from spacy.tokens import Doc
from thinc.api import Model

from archlab.processes import ON_LINUX
from archlab.records import Cost, Outcome, Seconds
from archlab.results.files import write_json
from archlab.results.paths import RunPaths
from archlab.training import speed

ON_CPU = made_spec()


def test_words_are_counted_however_few_documents_there_are() -> None:
    nlp = spacy.blank("xx")
    passes = speed.measure(nlp, [nlp.make_doc("two words")])
    assert len(passes) == speed.PASSES
    assert all(words > 1000 for words in passes)


def test_what_takes_time_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tokeniser that takes 2 ms for a document of 10 words."""
    monkeypatch.setattr(speed, "process_time", perf_counter)
    nlp = spacy.blank("xx")
    words = [str(number) for number in range(10)]

    def slow(text: str) -> Doc:
        sleep(0.002)
        return Doc(nlp.vocab, words)

    documents = [slow("") for _ in range(4)]
    nlp.tokenizer = slow
    at_most = 10 / 0.002
    assert at_most / 2 < median(speed.measure(nlp, documents)) < at_most


def test_on_a_cpu_what_others_do_is_not_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speed, "process_time", lambda: perf_counter() / 10)
    nlp = spacy.blank("xx")
    documents = [nlp.make_doc("a few words of text")] * 100
    shared, alone = (median(speed.measure(nlp, documents, on_gpu=on_gpu)) for on_gpu in (False, True))
    assert shared > 4 * alone


def test_documents_without_words_do_not_count(capfd: pytest.CaptureFixture[str]) -> None:
    nlp = spacy.blank("xx")
    empty = nlp.make_doc("")
    assert len(speed.measure(nlp, [empty] * 100 + [nlp.make_doc("one")])) == speed.PASSES
    assert speed.measure(nlp, [empty]) == speed.measure(nlp, []) == ()
    assert "could not be measured: the dev corpus has no words" in capfd.readouterr().err


def test_a_slow_pipeline_is_timed_on_documents_from_all_over_the_corpus(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """And when a pass takes so long that there is no time for nine, two will do."""
    monkeypatch.setattr(speed, "SECONDS_OF_PASSES", 0.2)
    monkeypatch.setattr(speed, "process_time", perf_counter)
    nlp = spacy.blank("xx")
    documents = [nlp.make_doc(str(number)) for number in range(1000)]
    told: list[int] = []

    def slow(text: str) -> Doc:
        sleep(0.01)
        told.append(int(text))
        return Doc(nlp.vocab, [text])

    nlp.tokenizer = slow
    assert len(speed.measure(nlp, documents)) == speed.FEWEST_PASSES
    few = speed.FEWEST_DOCUMENTS
    first, *others = (told[start : start + few] for start in range(0, len(told), few))
    assert all(numbers == first for numbers in others)
    assert min(first) < 300
    assert max(first) > 600


@pytest.mark.parametrize(("on_gpu", "places"), [(False, speed.PASSES + 1), (True, 1)])
def test_each_pass_on_a_cpu_has_the_weights_in_another_place(on_gpu: bool, places: int) -> None:
    weights: list[Any] = []  # kept: else a place would be used again

    def forward(model: Model[Any, Any], documents: list[Doc], is_train: bool) -> tuple[Any, Any]:
        if not weights or model.get_param("W") is not weights[-1]:
            weights.append(model.get_param("W"))
        return documents, lambda gradient: gradient

    start: Any = numpy.arange(3.0, dtype="f")

    class Component:
        model: Model[Any, Any] = Model("own", forward, params={"W": start})

        def __call__(self, doc: Doc) -> Doc:
            self.model.predict([doc])
            return doc

    Language.component("weighs", func=Component())
    nlp = spacy.blank("xx")
    nlp.add_pipe("weighs")
    speed.measure(nlp, [nlp.make_doc("some text")], on_gpu=on_gpu)
    assert len({array.ctypes.data for array in weights}) == len(weights) == places
    assert all(list(array) == [0, 1, 2] for array in weights)


@pytest.mark.parametrize(("trained", "expected"), [(None, 0.08), (0.3, 0.005), (9.0, 0.05), (60.0, 0.08)])
def test_a_short_training_is_followed_by_a_short_measurement(
    trained: float | None, expected: float, tmp_path: Path
) -> None:
    paths = RunPaths(tmp_path)
    outcome = Outcome(status="done", cost=Cost(seconds=Seconds(total=trained)))
    write_json(paths.outcome, outcome.to_dict())
    assert speed._seconds_per_pass(paths) == pytest.approx(expected)
    paths.outcome.unlink()
    assert speed._seconds_per_pass(paths) == pytest.approx(0.08)


def test_a_clock_that_stands_still_is_no_speed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speed, "process_time", lambda: 1.0)
    nlp = spacy.blank("xx")
    assert all(words > 1000 for words in speed.measure(nlp, [nlp.make_doc("a few words")]))


@pytest.mark.skipif(not ON_LINUX, reason="a process is forked on Linux alone")
def test_a_process_that_fails_costs_the_speed_alone(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    measure = speed.prepare_meter(ON_CPU, RunPaths(tmp_path))
    assert measure() == ()
    told = capfd.readouterr().err
    assert "model-best" in told  # which is not there
    assert "The words per second could not be measured: its process has ended" in told


@pytest.mark.skipif(not ON_LINUX, reason="a process is forked on Linux alone")
def test_where_no_process_can_be_forked_one_is_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def no_more() -> int:
        raise BlockingIOError("no more processes")

    monkeypatch.setattr(os, "fork", no_more)
    monkeypatch.setattr(speed, "measure_apart", lambda spec, paths: (1.0, 2.0))
    assert speed.prepare_meter(ON_CPU, RunPaths(tmp_path))() == (1.0, 2.0)
    assert "can be forked to measure words per second: no more processes" in capfd.readouterr().err


@pytest.mark.skipif(not ON_LINUX, reason="a process is forked on Linux alone")
def test_a_process_that_hangs_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(speed, "PATIENCE_SECONDS", 0.1)
    monkeypatch.setattr(speed, "_measure_run", _hang)
    measure = speed.prepare_meter(ON_CPU, RunPaths(tmp_path))
    assert measure() == ()
    assert "could not be measured: not done after 0.1 seconds" in capfd.readouterr().err
    assert multiprocessing.active_children() == []


def test_a_process_started_anew_that_fails_costs_the_speed_alone(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert speed.measure_apart(ON_CPU, RunPaths(tmp_path)) == ()
    assert "could not be measured: Command" in capfd.readouterr().err


def _hang(*_: object) -> None:
    sleep(60)
