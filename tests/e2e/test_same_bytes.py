"""A run's config.cfg, given to plain `spacy train`, yields the same model-best to the byte (on the CPU)."""

import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import catalogue  # type: ignore[import-untyped]
import pytest
import spacy
from conftest import Cli
from spacy.tokens import Doc, DocBin

import archlab
from archlab.planning.sweeps import ADHOC
from archlab.records import Json, Result
from archlab.results.files import read_json
from archlab.results.paths import RunPaths, SweepPaths

pytestmark = pytest.mark.slow

CONFIGS = Path(__file__).resolve().parents[2] / "configs"


def spacy_train(run: RunPaths, folder: Path, code: Path | None = None) -> dict[str, bytes]:
    """Train a run's config.cfg with spaCy alone, elsewhere; gives what is in model-best."""
    folder.mkdir()
    command = [sys.executable, "-m", "spacy", "train", str(run.config.resolve()), "--output", "output"]
    extra = [] if code is None else ["--code", str(code)]
    done = subprocess.run([*command, *extra], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return contents(folder / "output" / "model-best")


def contents(folder: Path) -> dict[str, bytes]:
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def assert_same(ours: dict[str, bytes], theirs: dict[str, bytes]) -> None:
    """Says which files differ, not how."""
    assert ours.keys() == theirs.keys()
    assert len(ours) > 3
    assert [name for name in ours if ours[name] != theirs[name]] == []


def assert_scores_are_those_of(model: Path, result: Result) -> None:
    """What spaCy itself has written into the model's meta.json."""
    meta: Json = read_json(model / "meta.json")
    performance = {name: v for name, v in meta["performance"].items() if not name.endswith("_loss")}
    assert performance
    assert result.best_step  # the first step's weights are their own average: too easy
    # spaCy writes 0 for a score that has a weight and that no component gives
    assert {name: rounded(result.scores.get(name, 0.0)) for name in performance} == performance
    if result.score_name == "score":
        weights = spacy.util.load_config(model / "config.cfg")["training"]["score_weights"]
        weighted = (performance[name] * weight for name, weight in weights.items() if weight)
        assert result.score == pytest.approx(sum(weighted))
    else:
        assert rounded(result.score) == performance[result.score_name]


def rounded(value: Any) -> Any:
    """Numbers with the digits that meta.json keeps."""
    if isinstance(value, dict):
        return {key: rounded(inner) for key, inner in value.items()}
    return round(value, 10) if isinstance(value, float) else value


def write_sweep(folder: Path, base: Path, more: str = "") -> Path:
    sweep = folder / "sweep.yml"
    sweep.write_text(f"base: {base}\nkeep_models: all\n{more}", encoding="utf8")
    return sweep


@pytest.fixture
def experiments(tmp_path: Path) -> Path:
    return tmp_path / "experiments"


def test_ensemble(tmp_path: Path, experiments: Path) -> None:
    """Seeds and settings of a sweep are in config.cfg, too; what is saved are averages, here."""
    sweep = write_sweep(
        tmp_path,
        CONFIGS / "base.cfg",
        "score: cats_micro_f\nseeds: [7]\noverrides:\n  vars.train_size: 200\n  vars.dev_size: 50\n"
        "  training.optimizer.learn_rate: 0.01\n  training.optimizer.use_averages: true\n"
        "  training.max_steps: 12\n  training.eval_frequency: 4\n",
    )
    (result,) = archlab.grid(sweep, experiments=experiments)
    run = SweepPaths.of("sweep", experiments).run(result.run_id)
    assert (result.status, result.steps, result.seed) == ("done", 12, 7)
    assert spacy.util.load_config(run.config)["training"]["seed"] == 7
    assert_same(contents(run.model), spacy_train(run, tmp_path / "elsewhere"))
    assert_scores_are_those_of(run.model, result)


TAGGER = """
[paths]
train = "corpus/train.spacy"
dev = "corpus/dev.spacy"

[nlp]
lang = "en"
pipeline = ["tagger"]

[components]

[components.tagger]
factory = "tagger"

[components.tagger.model]
@architectures = "spacy.Tagger.v2"

[components.tagger.model.tok2vec]
@architectures = "spacy.Tok2Vec.v2"

[components.tagger.model.tok2vec.embed]
@architectures = "spacy.MultiHashEmbed.v2"
width = 32
attrs = ["NORM", "SUFFIX"]
rows = [500, 100]
include_static_vectors = false

[components.tagger.model.tok2vec.encode]
@architectures = "spacy.TorchBiLSTMEncoder.v1"
width = 32
depth = 2
dropout = 0.2

[corpora]

[corpora.train]
@readers = "spacy.Corpus.v1"
path = ${paths.train}
max_length = 8

[corpora.dev]
@readers = "spacy.Corpus.v1"
path = ${paths.dev}

[training]
max_steps = 9
eval_frequency = 3
seed = 4

[training.optimizer]
@optimizers = "Adam.v1"
learn_rate = 0.01
"""


def write_tags(path: Path, texts: Iterable[list[str]]) -> None:
    """Documents of two sentences, in which a tag is what a word begins with, unless it follows a "not"."""
    nlp = spacy.blank("en")
    docs = DocBin()
    for words in texts:
        tags = [
            "NEG" if before == "not" else word[0].upper()
            for before, word in zip(["", *words], words, strict=False)
        ]
        starts: list[bool | int | None] = [number in (0, len(words) // 2) for number in range(len(words))]
        docs.add(Doc(nlp.vocab, words=words, tags=tags, sent_starts=starts))
    path.parent.mkdir(parents=True, exist_ok=True)
    docs.to_disk(path)


def test_bilstm_tagger_from_the_command_line(
    tmp_path: Path, experiments: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Files named relative to here are found from elsewhere, and `-o DIR` gets the same model."""
    monkeypatch.chdir(tmp_path)
    vocabulary = ["apple", "bread", "not", "cream", "date", "egg", "not", "fig", "grape", "honey", "ice"]
    texts = [[vocabulary[(5 * i + i * j * j + j) % 11] for j in range(6 + i % 9)] for i in range(60)]
    write_tags(Path("corpus/train.spacy"), texts[:40])
    write_tags(Path("corpus/dev.spacy"), texts[40:])
    Path("tagger.cfg").write_text(TAGGER, encoding="utf8")

    ended = cli("train", "tagger.cfg", "-o", "out", "--experiments", experiments, "--training.dropout", 0.3)

    assert ended.code == 0, ended.err
    (folder,) = SweepPaths.of(ADHOC, experiments).runs.iterdir()
    run = RunPaths(folder)
    result = Result.from_dict(read_json(run.result))
    theirs = spacy_train(run, tmp_path / "elsewhere")
    assert_same(contents(run.model), theirs)
    assert_same(contents(Path("out/model-best")), theirs)
    assert_scores_are_those_of(Path("out/model-best"), result)
    assert 0 < (result.score or 0) < 1
    assert spacy.util.load_config(run.config)["training"]["dropout"] == 0.3


CODE = '''
from typing import List

from spacy import registry
from spacy.ml.featureextractor import FeatureExtractor
from spacy.tokens import Doc
from thinc.api import HashEmbed, Model, chain, list2ragged, ragged2list, with_array
from thinc.types import Floats2d


@registry.architectures("same_bytes.Seedless.v1")
def seedless(width: int, rows: int) -> Model[List[Doc], List[Floats2d]]:
    """An embedding without a seed of its own: Thinc takes the number of the model in its process."""
    return chain(
        FeatureExtractor(["NORM"]),
        list2ragged(),
        with_array(HashEmbed(width, rows, column=0)),
        ragged2list(),
    )
'''

SWAP = """
swaps:
  textcat.model:
    - "@architectures": spacy.TextCatReduce.v1
      exclusive_classes: true
      use_reduce_first: false
      use_reduce_last: false
      use_reduce_max: false
      use_reduce_mean: true
      tok2vec: {"@architectures": same_bytes.Seedless.v1, width: 16, rows: 50}
overrides:
  vars.train_size: 100
  vars.dev_size: 50
  training.optimizer.learn_rate: 0.05
  training.max_steps: 8
  training.eval_frequency: 4
"""


@pytest.fixture
def code(tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "blocks.py"
    path.write_text(CODE, encoding="utf8")
    yield path
    for name in [name for name in catalogue.REGISTRY if name[-1].startswith("same_bytes.")]:
        del catalogue.REGISTRY[name]


def test_block_without_a_seed_of_its_own(tmp_path: Path, experiments: Path, code: Path) -> None:
    """In a process of its own, and in this one, which has built other models before."""
    sweep = write_sweep(tmp_path, CONFIGS / "base.cfg", SWAP)
    stores = {engine: tmp_path / engine for engine in ("local", "inline")}
    models: dict[str, dict[str, bytes]] = {}
    for engine, folder in stores.items():
        spacy.blank("en").add_pipe("tagger")  # counts Thinc's models on
        (result,) = archlab.grid(sweep, engine, code=[code], experiments=folder)
        run = SweepPaths.of("sweep", folder).run(result.run_id)
        assert result.status == "done"
        assert_scores_are_those_of(run.model, result)
        models[engine] = contents(run.model)
    theirs = spacy_train(run, tmp_path / "elsewhere", code)
    assert_same(models["local"], theirs)
    assert_same(models["inline"], theirs)
