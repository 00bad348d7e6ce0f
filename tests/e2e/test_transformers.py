"""Transformers train: from a folder on the CPU, to the bytes that spaCy gives, and the model runs again."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import spacy
from tiny_transformers import BASE, WIDTH, WORDS, make_bert, write_corpus

import archlab
from archlab.records import Result
from archlab.results.paths import RunPaths, SweepPaths

pytest.importorskip("spacy_transformers")
pytest.importorskip("spacy_curated_transformers")

pytestmark = pytest.mark.slow

SWEEP = """
base: base.cfg
keep_models: all
recipes:
  - transformer: {name: bert}
  - transformer: {name: bert, package: curated}
overrides:
  training.optimizer.learn_rate.warmup_steps: 2
  training.optimizer.learn_rate.initial_rate: 0.005
  training.batcher.size: 60
  training.batcher.buffer: 8
"""

UNHEARD = {"transformer": 0, "curated_transformer": WIDTH * WIDTH + WIDTH}
"""How many weights of the BERT a component leaves out: the curated one has no pooler."""


def spacy_train(run: RunPaths, folder: Path, threads: int) -> Path:
    """Train a run's config.cfg with spaCy alone; as many threads as it had, for sums depend on that."""
    variables = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "BLIS_NUM_THREADS")
    command = [sys.executable, "-m", "spacy", "train", str(run.config), "--output", str(folder)]
    environment = os.environ | dict.fromkeys(variables, str(threads))
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder / "model-best"


def contents(folder: Path) -> dict[str, bytes]:
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Result, RunPaths]]:
    """Both packages, by the component of each: a sweep over the recipe, run in a folder of its own."""
    folder = tmp_path_factory.mktemp("transformers")
    before = Path.cwd()
    os.chdir(folder)
    try:
        make_bert(Path("bert"))
        write_corpus(folder)
        Path("base.cfg").write_text(BASE, encoding="utf8")
        Path("sweep.yml").write_text(SWEEP, encoding="utf8")
        results = archlab.grid("sweep.yml", experiments=folder / "experiments", jobs=1)
    finally:
        os.chdir(before)
    runs = [(one, SweepPaths.of("sweep", folder / "experiments").run(one.run_id)) for one in results]
    return {spacy.util.load_config(run.config)["nlp"]["pipeline"][0]: (one, run) for one, run in runs}


@pytest.mark.parametrize("component", UNHEARD)
class TestTrained:
    """One run of each package."""

    def test_it_gives_the_bytes_that_spacy_gives(
        self,
        trained: dict[str, tuple[Result, RunPaths]],
        component: str,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        result, run = trained[component]
        assert result.status == "done", result.reason
        assert result.environment is not None
        monkeypatch.chdir(run.folder.parents[3])
        theirs = spacy_train(run, tmp_path / "output", result.environment.threads or 1)
        ours, others = contents(run.model), contents(theirs)
        assert ours.keys() == others.keys()
        assert [name for name in ours if ours[name] != others[name]] == []

    def test_it_has_learned_and_says_what_it_costs(
        self, trained: dict[str, tuple[Result, RunPaths]], component: str
    ) -> None:
        from transformers import AutoModel

        result, run = trained[component]
        assert result.steps == 6
        assert result.scores["tag_acc"] > 0.5
        bert = AutoModel.from_pretrained(run.folder.parents[3] / "bert").num_parameters()
        heads = (WIDTH + 1) * (6 + 2)  # tags, and labels
        assert result.cost.parameters == bert - UNHEARD[component] + heads
        assert result.cost.words_per_second
        assert result.cost.model_bytes

    def test_the_model_runs_without_the_folder_it_came_from(
        self, trained: dict[str, tuple[Result, RunPaths]], component: str, tmp_path: Path
    ) -> None:
        _, run = trained[component]
        model = shutil.copytree(run.model, tmp_path / "model")
        command = [
            sys.executable,
            "-c",
            f"import spacy; doc = spacy.load({str(model)!r})({' '.join(WORDS[:4])!r}); "
            "print([token.tag_ for token in doc], sorted(doc.cats))",
        ]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
        assert done.stdout.startswith("['A', 'B', 'G', 'D']")
