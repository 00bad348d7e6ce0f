"""Corpora are read once for all runs that read the same; each comes to what it would come to by itself."""

import os
from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import spacy
from changed_servers import fork_runs_from, write_server
from made_documents import set_values, write_base, write_corpora
from spacy.tokenizer import Tokenizer  # type: ignore[import-not-found]

import archlab
from archlab.blocks.diagnostics import READER
from archlab.processes import ON_LINUX
from archlab.results.paths import SweepPaths
from archlab.training.speedups.shared_corpora import key_of, read_corpora, shared, what_is_read

needs_forks = pytest.mark.skipif(not ON_LINUX, reason="forks are for Linux")

SWEEP = """
base: base.cfg
seeds: 2
keep_models: all
limits: {max_steps: 4}
overrides: {training.eval_frequency: 2}
"""

COUNTING_SERVER = """
import os, signal, sys, time
from pathlib import Path

from spacy.training.corpus import Corpus

from archlab.training.speedups import corpus_reader, warm_server

read_docbin = Corpus.read_docbin

def counting(reader, *arguments):
    with open(os.environ["READS"], "a") as file:
        file.write(f"{os.getpid()}\\n")
    return read_docbin(reader, *arguments)

Corpus.read_docbin = counting
#
sys.exit(warm_server.main())
"""

NEVER_WAITS = """
corpus_reader.READING_SECONDS = 0.1
corpus_reader.read_corpora = lambda _: time.sleep(60)
"""
DIES_READING = "corpus_reader.read_corpora = lambda _: os.kill(os.getpid(), signal.SIGKILL)"
FAILS_READING = "corpus_reader.read_corpora = lambda _: 1 / 0"
DIES_AFTERWARDS = """
start = corpus_reader.Reader.start
def start_and_kill(reader, *arguments):
    pid = start(reader, *arguments)
    if reader.works:
        os.kill(reader.pid, signal.SIGKILL)
    return pid
corpus_reader.Reader.start = start_and_kill
"""
FULL_DISK = """
def fail(supervisor):
    raise OSError(28, "No space left on device")
warm_server.Supervisor.begins = fail
"""
KEEPS_ONE = "warm_server.MOST_READERS = 1"


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_corpora(tmp_path_factory.mktemp("data"))


def write_sweep(folder: Path, data: Path) -> Path:
    """data: of the corpora; paths in the config are relative where it is."""
    write_base(folder, data, {})
    (folder / "sweep.yml").write_text(SWEEP, encoding="utf8")
    return folder / "sweep.yml"


@pytest.fixture(scope="module")
def whole(data: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """What the sweep comes to, trained as spaCy trains."""
    return learned(write_sweep(tmp_path_factory.mktemp("whole"), data), "alone", speedups=False)


@pytest.fixture
def reads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file with a line for each time that a process of the server reads a corpus: its id."""
    monkeypatch.setenv("READS", str(tmp_path / "reads"))
    fork_runs_from(COUNTING_SERVER, tmp_path, monkeypatch)
    (tmp_path / "reads").touch()
    return tmp_path / "reads"


def change_server(folder: Path, change: str) -> None:
    write_server(COUNTING_SERVER.replace("\n#\n", f"\n{change}\n"), folder)


def learned(sweep: Path, name: str, **options: Any) -> dict[str, bytes]:
    """All that the runs of a sweep leave of what they have learned."""
    experiments = sweep.with_name(name)
    results = archlab.grid(sweep, experiments=experiments, **options)
    assert {result.status for result in results} == {"done"}
    assert all(result.cost.words_per_second for result in results)
    files: dict[str, bytes] = {}
    for result in results:
        run = SweepPaths.of("sweep", experiments).run(result.run_id)
        models = [path for path in run.model.rglob("*") if path.is_file()]
        assert len(models) > 10
        files |= {str(path.relative_to(run.folder.parent)): path.read_bytes() for path in models}
        files[f"{result.run_id}/per_doc"] = run.per_doc.read_bytes()
    return files


def readers(reads: Path) -> list[int]:
    return [int(line) for line in reads.read_text().split()]


def assert_gone(pids: set[int]) -> None:
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


@pytest.mark.slow
@needs_forks
def test_models_are_the_same_and_corpora_read_once(
    tmp_path: Path, data: Path, whole: dict[str, bytes], reads: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(data)
    forked = learned(write_sweep(tmp_path, Path()), "shared", pass_env=["READS"], jobs=2)
    assert forked.keys() == whole.keys()
    assert [name for name in forked if forked[name] != whole[name]] == []
    first, second = readers(reads)
    assert first == second
    assert_gone({first})


@pytest.mark.slow
@needs_forks
@pytest.mark.parametrize("change", [NEVER_WAITS, DIES_READING, FAILS_READING, DIES_AFTERWARDS])
def test_runs_read_by_themselves_what_nobody_has_read(
    tmp_path: Path, data: Path, whole: dict[str, bytes], reads: Path, change: str
) -> None:
    change_server(tmp_path, change)
    assert learned(write_sweep(tmp_path, data), "lonely", pass_env=["READS"], jobs=1) == whole
    times = readers(reads)
    assert len(set(times)) > 1  # runs have read
    assert_gone(set(times))


@pytest.mark.slow
@needs_forks
@pytest.mark.parametrize(("change", "all_are_shared"), [("", True), (KEEPS_ONE, False)])
def test_few_corpora_are_kept_at_once(
    tmp_path: Path, data: Path, reads: Path, change: str, *, all_are_shared: bool
) -> None:
    sweep = write_sweep(tmp_path, data)
    sweep.write_text(SWEEP.replace("2}", "2, corpora.train.limit: [0, 50, 40]}"), encoding="utf8")
    change_server(tmp_path, change)
    learned(sweep, "kept", pass_env=["READS"], jobs=1)
    pids = readers(reads)
    assert (len(set(pids)) == 3) == all_are_shared  # one for each limit, and no run
    assert {pids.count(pid) for pid in pids} <= {1, 2}  # train and dev; for words per second, dev
    assert_gone(set(pids))


@pytest.mark.slow
@needs_forks
def test_a_supervisor_that_cannot_begin_does_nothing_else(tmp_path: Path, data: Path, reads: Path) -> None:
    change_server(tmp_path, FULL_DISK)
    results = archlab.grid(
        write_sweep(tmp_path, data), experiments=tmp_path / "full", pass_env=["READS"], jobs=1
    )
    for result in results:
        log = SweepPaths.of("sweep", tmp_path / "full").run(result.run_id).log.read_text()
        assert log.count("Traceback") == log.count("OSError: [Errno 28]") == 1
        assert result.status != "done"
    assert len(results) == 2
    assert len(set(readers(reads))) == 1


@pytest.mark.slow
@needs_forks
def test_a_run_alone_reads_by_itself(tmp_path: Path, data: Path, reads: Path) -> None:
    sweep = write_sweep(tmp_path, data)
    sweep.write_text(SWEEP.replace("seeds: 2", "seeds: 1"))
    learned(sweep, "one", pass_env=["READS"], jobs=1)
    assert len(set(readers(reads))) == 2  # the run, and what measures its speed


@pytest.fixture(scope="module")
def plain(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    sweep = write_sweep(tmp_path_factory.mktemp("plain"), data)
    return archlab.load_config(sweep.with_name("base.cfg")).interpolate()


def changed(config: Any, changes: Mapping[str, Any]) -> Any:
    config = deepcopy(config)
    set_values(config, changes)
    return config


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"training.optimizer.learn_rate": 0.1, "training.seed": 3, "nlp.batch_size": 7},
        {"components.tok2vec.model.embed.rows": [10, 10, 10, 10]},
    ],
)
def test_what_is_read_is_told_by_language_and_corpora(plain: Any, changes: dict[str, Any]) -> None:
    read = what_is_read(changed(plain, changes), [], {})
    assert read == what_is_read(plain, [], {})
    assert read is not None
    assert read["lang"] == "en"
    assert [Path(corpus["path"]).stem for corpus in read["corpora"]] == ["train", "dev"]


@pytest.mark.parametrize(
    "changes",
    [
        {"nlp.tokenizer": {"@tokenizers": "mine.v1"}},
        {"nlp.vectors": {"@vectors": "mine.v1"}},
        {"nlp.before_creation": {"@callbacks": "mine.v1"}},
        {"nlp.after_creation": {"@callbacks": "mine.v1"}},
        {"nlp.after_pipeline_creation": {"@callbacks": "mine.v1"}},
        {"initialize.vectors": "en_core_web_lg"},
        {"initialize.vocab_data": "lexemes.jsonl"},
        {"initialize.lookups": {"@misc": "spacy.LookupsDataLoader.v1"}},
        {"initialize.tokenizer": {"pkuseg_model": "mixed"}},
        {"initialize.before_init": {"@callbacks": "mine.v1"}},
        {"initialize.after_init": {"@callbacks": "mine.v1"}},
        {"corpora.train.augmenter": {"@augmenters": "spacy.lower_case.v1", "level": 0.1}},
        {"corpora.dev.@readers": "mine.v1"},
        {"corpora.dev": None},
        {"components.ner.factory": "mine"},
        {"components.ner": {"source": "en_core_web_sm"}},
        {"training.max_epochs": -1},
    ],
)
def test_what_somebody_else_may_change_is_not_shared(plain: Any, changes: dict[str, Any]) -> None:
    assert what_is_read(changed(plain, changes), [], {}) is None


def test_with_code_nothing_is_shared(plain: Any) -> None:
    assert what_is_read(plain, ["mine.py"], {}) is None


@pytest.mark.parametrize(("factory", "is_the_same"), [("beam_parser", True), ("morphologizer", False)])
def test_labels_tell_corpora_apart_where_they_leave_something_in_them(
    plain: Any, factory: str, is_the_same: bool
) -> None:
    config = changed(
        plain, {"nlp.pipeline": [name for name in plain["nlp"]["pipeline"] if name != "morphologizer"]}
    )
    without = what_is_read(config, [], {})
    config["components"]["another"] = {"factory": factory, "min_action_freq": 2, "learn_tokens": False}
    config["nlp"]["pipeline"].append("another")
    found = what_is_read(config, [], {})
    assert without is not None
    assert found is not None
    assert found != without
    assert (key_of(found) == key_of(without)) == is_the_same


def test_files_that_have_changed_are_not_shared(plain: Any) -> None:
    files = dict.fromkeys((plain["paths"]["train"], plain["paths"]["dev"]), "0" * 64)
    corpora = what_is_read(plain, [], files)
    assert corpora is not None
    assert key_of(corpora) != key_of({**corpora, "files": {}})
    with pytest.raises(ValueError, match="has changed"):
        read_corpora(corpora)
    assert not shared


def test_corpora_are_tokenised_as_the_config_says() -> None:
    """As runs do it: whatever their language would do, which is not installed here for Japanese."""
    section = {"@readers": READER, "task": "word_order", "split": "dev", "size": 4}
    corpora = {"lang": "ja", "corpora": [section, section], "files": {}, "labels": []}
    read_corpora(corpora)
    read = shared.pop(key_of(corpora))
    ((example, *_),) = read.examples.values()
    assert type(read.tokenizer) is Tokenizer
    assert [token.text for token in read.tokenizer(example.text)] == [token.text for token in example.x]
    assert example.x.vocab is read.tokenizer.vocab is read.vocab


@pytest.mark.parametrize("lang", ["en", "de", "xx"])
def test_vocabularies_are_saved_sorted(lang: str) -> None:
    """What sharing rests on: in which order words were seen does not show in a model."""

    def saved(*texts: str) -> bytes:
        nlp = spacy.blank(lang)
        for text in texts:
            nlp(text)
        return bytes(nlp.vocab.to_bytes())

    assert saved("one two", "Three") == saved("Three", "two one") != saved("one two")
