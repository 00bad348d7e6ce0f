"""What holds for every engine. A test class for one engine inherits from EngineContract."""

import json
import subprocess
import sys
import time
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import psutil
import pytest

from archlab.configs.loading import load_config
from archlab.engines.base import Engine, Event, Watcher, nobody
from archlab.engines.inline import InlineEngine
from archlab.planning.runs import RunSettings, make_variant, run_config
from archlab.records import Json, Limits, Result, RunSpec
from archlab.results.store import Store

if TYPE_CHECKING:
    from confection import Config

BASE = Path(__file__).resolve().parents[2] / "configs" / "base.cfg"
STEPS, EVERY = 6, 3
PROCESS_ENDS_WITHIN = timedelta(seconds=5)
OVERRIDES = {
    "vars.train_size": 40,
    "vars.dev_size": 20,
    "training.max_steps": STEPS,
    "training.eval_frequency": EVERY,
    "training.batcher.size": 64,
}

CODE = '''
import os, signal, time
from pathlib import Path
from spacy import registry
from spacy.ml.models.textcat import build_bow_text_classifier_v3

def raises(flag):
    raise RuntimeError("the block gave up")

def killed(flag):
    os.kill(os.getpid(), signal.SIGKILL)

def exits(flag):
    os._exit(3)

def memory(flag):
    import numpy
    numpy.empty(3 * 2**30, dtype="u1")

def torch_memory(flag):
    import torch
    torch.empty(3 * 2**30, dtype=torch.uint8)

def hangs(flag):
    flag.write_text(str(os.getpid()))
    while True:
        time.sleep(0.01)

def deaf(flag):
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    flag.write_text(str(os.getpid()))
    time.sleep(600)

@registry.architectures("contract.Trouble.v1")
def trouble(trouble: str, flag: str, nO: int = 2):
    """A bag of words that gets into trouble in its first update."""
    model = build_bow_text_classifier_v3(True, 1, False, length=1024, nO=nO)
    healthy = model._func

    def forward(model, docs, is_train):
        if is_train and trouble != "nan":
            globals()[trouble](Path(flag))
        scores, backprop = healthy(model, docs, is_train)
        return (scores * float("nan") if is_train else scores), backprop

    model._func = forward
    return model
'''

BLOCKS: dict[str, Json] = json.loads("""{
"bow": {"@architectures": "spacy.TextCatBOW.v3", "exclusive_classes": true,
        "ngram_size": 1, "no_output_layer": false, "length": 1024},
"cnn": {"@architectures": "spacy.TextCatCNN.v2", "exclusive_classes": true,
        "tok2vec": {"@architectures": "spacy.HashEmbedCNN.v2", "width": 16, "depth": 1, "window_size": 1,
                    "maxout_pieces": 2, "embed_size": 100, "subword_features": true,
                    "pretrained_vectors": null}}
}""")


@dataclass
class Bench:
    """A store in an empty folder, and runs to give to an engine."""

    folder: Path
    drawn: list[str] = field(default_factory=list)

    @cached_property
    def store(self) -> Store:
        return Store("contract", self.folder)

    @cached_property
    def code(self) -> Path:
        path = self.folder / "blocks.py"
        path.write_text(CODE, encoding="utf8")
        return path

    def flag(self, name: str) -> Path:
        """What a run that hangs writes, as soon as it does."""
        return self.folder / f"{name}.flag"

    def config(self, name: str) -> "Config":
        config = load_config(BASE, OVERRIDES)
        config["components"]["textcat"]["model"] = BLOCKS.get(
            name, {"@architectures": "contract.Trouble.v1", "trouble": name, "flag": str(self.flag(name))}
        )
        return config

    def spec(self, name: str, limits: Limits | None = None) -> RunSpec:
        """A run of the block of that name, or of one with that trouble."""
        settings = RunSettings(sweep="contract", code=[self.code], limits=limits or Limits())
        (spec,) = settings.runs([make_variant(self.config(name), name)], [0])
        return spec

    def prepare(self, spec: RunSpec) -> RunSpec:
        return self.store.prepare(spec, run_config(self.config(spec.variant), spec.seed))

    def prepared(self, specs: Iterable[RunSpec]) -> Iterator[RunSpec]:
        """Each spec is prepared when it is drawn, as the driver does."""
        for spec in specs:
            self.drawn.append(spec.variant)
            yield self.prepare(spec)


@dataclass
class Story:
    """What an engine has made of some runs.

    at_work: how many runs were at work when each spec was drawn, that spec not among them.
    """

    specs: list[RunSpec]
    bench: Bench
    results: list[Result] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    at_work: list[int] = field(default_factory=list)

    def draw(self) -> Iterator[RunSpec]:
        for spec in self.bench.prepared(self.specs):
            kinds = [event.kind for event in self.events]
            self.at_work.append(kinds.count("started") - kinds.count("ended"))
            yield spec

    def result(self, name: str) -> Result:
        (result,) = (result for result in self.results if result.variant == name)
        return result

    def reason(self, name: str) -> tuple[str, str, str]:
        """(status, kind, message) of a run that is not done."""
        result = self.result(name)
        assert result.reason is not None
        return result.status, result.reason.kind, result.reason.message


class EngineContract:
    """A class that inherits says what its engine can do, and makes it.

    at_once: runs at the same time, as `make` makes it. isolates: whether a run has a process of its own, so
    that it may die or hang. starts_children: whether that process descends from the driver's. driver: for
    those, source that makes `engine` from `paths`, for a script that is killed.
    """

    at_once: ClassVar[int]
    isolates: ClassVar[bool]
    starts_children: ClassVar[bool] = True
    driver: ClassVar[str] = ""

    @classmethod
    def make(cls, bench: Bench, on_event: Watcher = nobody, at_once: int | None = None) -> Engine:
        """The engine; at_once: room for that many runs, where it can have more than one."""
        raise NotImplementedError

    @classmethod
    def at_work(cls) -> list[psutil.Process]:
        """The processes that an engine has started, and theirs."""
        return psutil.Process().children(recursive=True)

    @pytest.fixture
    def bench(self, tmp_path: Path) -> Bench:
        return Bench(tmp_path)

    @pytest.fixture
    def isolated(self) -> None:
        if not self.isolates:
            pytest.skip("this engine does not isolate runs")

    @pytest.fixture(scope="class")
    @classmethod
    def story(cls, tmp_path_factory: pytest.TempPathFactory) -> Story:
        """One grid with all the troubles that the engine promises to survive; told once for all tests."""
        bench = Bench(tmp_path_factory.mktemp("story"))
        troubles = {"raises": Limits(), "nan": Limits()}
        if cls.isolates:
            troubles = {
                "hangs": Limits(minutes=0.25),
                "killed": Limits(),
                "exits": Limits(),
                "memory": Limits(memory_gb=2),
                "torch_memory": Limits(memory_gb=2),
                **troubles,
            }
        specs = [
            *(bench.spec(name, limits) for name, limits in troubles.items()),
            *(bench.spec(name) for name in BLOCKS),
        ]
        story = Story(specs, bench)
        engine = cls.make(bench, story.events.append)
        story.results = list(engine.run(story.draw()))
        return story

    def test_nothing_to_run(self, bench: Bench) -> None:
        events: list[Event] = []
        assert list(self.make(bench, events.append).run([])) == []
        assert events == []

    @pytest.mark.slow
    def test_each_spec_has_one_result(self, story: Story) -> None:
        assert sorted(r.run_id for r in story.results) == sorted(s.run_id for s in story.specs)
        for result in story.results:
            (spec,) = (spec for spec in story.specs if spec.run_id == result.run_id)
            assert (result.variant, result.variant_id, result.seed) == (spec.variant, spec.variant_id, 0)
            assert (result.fingerprints, result.attempt) == (spec.fingerprints, 1)

    @pytest.mark.slow
    def test_results_come_in_finishing_order(self, story: Story) -> None:
        ended = [event.result for event in story.events if event.kind == "ended"]
        assert ended == story.results
        told = [datetime.fromisoformat(result.finished) for result in story.results if result.finished]
        # A run tells its own end in whole seconds, and its process takes a moment to be gone.
        assert all(later - earlier > -PROCESS_ENDS_WITHIN for earlier, later in pairwise(told))
        if self.isolates:  # the one that hangs was started first
            assert [r.variant for r in story.results].index("hangs") > 0

    @pytest.mark.slow
    def test_specs_are_drawn_when_they_can_start(self, story: Story) -> None:
        assert story.bench.drawn == [spec.variant for spec in story.specs]
        assert max(story.at_work) == self.at_once - 1

    @pytest.mark.slow
    def test_others_are_done_whatever_happens_to_some(self, story: Story) -> None:
        done = {result.variant: result for result in story.results if result.status == "done"}
        assert done.keys() == BLOCKS.keys()
        for result in done.values():
            assert result.reason is None
            assert result.score == result.scores["cats_micro_f"]
            assert result.steps == STEPS
            assert (story.bench.store.paths.run(result.run_id).model / "meta.json").is_file()

    @pytest.mark.slow
    def test_events_tell_a_run_from_start_to_end(self, story: Story) -> None:
        for spec in story.specs:
            events = [event for event in story.events if event.spec.run_id == spec.run_id]
            first, *evaluated, last = events
            assert (first.kind, last.kind) == ("started", "ended")
            assert last.result == story.result(spec.variant)
            assert {event.kind for event in evaluated} <= {"evaluated"}
            if last.result is not None and last.result.status == "done":
                assert [event.step for event in evaluated] == [0, EVERY, STEPS]
                assert {event.max_steps for event in evaluated} == {STEPS}
                assert max(event.score or 0 for event in evaluated) == last.result.score

    @pytest.mark.slow
    def test_a_block_that_raises_is_a_result(self, story: Story) -> None:
        assert story.reason("raises") == ("failed", "error", "RuntimeError: the block gave up")
        assert story.result("raises").score is None

    @pytest.mark.slow
    def test_a_loss_that_is_no_number_is_a_result(self, story: Story) -> None:
        assert story.reason("nan")[:2] == ("failed", "nan")
        assert story.result("nan").score is None

    @pytest.mark.slow
    def test_scores_and_models_do_not_depend_on_the_engine(self, story: Story, bench: Bench) -> None:
        """Compared with the inline engine, in a process that has built models before."""
        specs = [spec for spec in story.specs if spec.variant in BLOCKS]
        for result in InlineEngine(bench.store.paths).run(bench.prepared(specs)):
            other = story.result(result.variant)
            assert result.scores == other.scores
            assert (result.score, result.best_step) == (other.score, other.best_step)
            ours, theirs = (b.store.paths.run(result.run_id).model for b in (bench, story.bench))
            assert contents(ours) == contents(theirs)

    @pytest.mark.slow
    def test_an_interrupt_is_no_result(self, bench: Bench) -> None:
        before = self.at_work()

        def interrupt(event: Event) -> None:
            if event.kind == "evaluated":
                raise KeyboardInterrupt

        results: list[Result] = []
        runs = self.make(bench, interrupt).run(bench.prepared([bench.spec("bow")]))
        with pytest.raises(KeyboardInterrupt):
            results.extend(runs)
        assert results == []
        assert self.at_work() == before

    @pytest.mark.slow
    @pytest.mark.usefixtures("isolated")
    def test_a_process_that_dies_is_a_result(self, story: Story) -> None:
        status, kind, message = story.reason("killed")
        assert (status, kind) == ("failed", "killed")
        assert "SIGKILL" in message
        status, kind, message = story.reason("exits")
        assert (status, kind) == ("failed", "error")
        assert "exit code 3" in message

    @pytest.mark.slow
    @pytest.mark.usefixtures("isolated")
    def test_a_run_that_takes_too_much_is_a_result(self, story: Story) -> None:
        assert story.reason("hangs") == ("failed", "timeout", "not done after 0.25 minutes")
        assert story.reason("memory")[:2] == ("failed", "memory")
        assert story.reason("torch_memory")[:2] == ("failed", "memory")

    @pytest.mark.slow
    @pytest.mark.usefixtures("isolated")
    def test_nothing_goes_on_when_an_engine_is_left(self, bench: Bench) -> None:
        """Left by close() while one run is busy and another one does not listen to SIGTERM."""
        store = bench.store
        before = self.at_work()
        specs = [bench.spec(name) for name in ("hangs", "deaf", "bow")]
        results = self.make(bench, at_once=3).run(bench.prepared(specs))
        assert isinstance(results, Generator)
        assert next(results).variant == "bow"
        pids = {int(wait_for(bench.flag(name))) for name in ("hangs", "deaf")}
        assert pids <= {child.pid for child in self.at_work()}
        results.close()
        assert self.at_work() == before
        assert not any(psutil.pid_exists(pid) for pid in pids)
        assert list(results) == []
        assert store.results() == []

    @pytest.mark.slow
    @pytest.mark.usefixtures("isolated")
    def test_runs_end_when_their_driver_is_killed(self, bench: Bench) -> None:
        spec = bench.prepare(bench.spec("hangs"))
        script = bench.folder / "driver.py"
        script.write_text(DRIVER.format(make_engine=self.driver), encoding="utf8")
        run_folder = bench.store.paths.run(spec.run_id).folder
        driver = subprocess.Popen([sys.executable, script, bench.store.paths.folder, run_folder])
        try:
            child = psutil.Process(int(wait_for(bench.flag("hangs"))))
            assert not self.starts_children or driver.pid in {parent.pid for parent in child.parents()}
        finally:
            driver.kill()
            driver.wait()
        assert ends(child, seconds=5)


DRIVER = """
import json, sys
from pathlib import Path
from archlab.records import RunSpec
from archlab.results.paths import SweepPaths

paths = SweepPaths(Path(sys.argv[1]))
spec = RunSpec.from_dict(json.loads((Path(sys.argv[2]) / "spec.json").read_text()))
{make_engine}
list(engine.run([spec]))
"""


def contents(folder: Path) -> dict[str, bytes]:
    """Every file of a folder."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def ends(process: psutil.Process, seconds: float) -> bool:
    """Whether a process of another parent ends in time; one that nobody has waited for has ended, too."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            if process.status() == psutil.STATUS_ZOMBIE:
                return True
        except psutil.NoSuchProcess:
            return True
        time.sleep(0.05)
    process.kill()
    return False


def wait_for(flag: Path, seconds: float = 60) -> str:
    """The content of a file, once there is some."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if flag.exists() and (text := flag.read_text(encoding="utf8")):
            return text
        time.sleep(0.05)
    raise AssertionError(f"{flag.name} has not come after {seconds:g} s")
