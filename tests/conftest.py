"""What all tests share."""

import os
import sys
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SHARED_DATA = ROOT.parent / "shared" / "data"

# Set before anything imports torch: tests run beside each other's child processes.
for variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "BLIS_NUM_THREADS"):
    os.environ.setdefault(variable, "1")
os.environ.setdefault("USE_TF", "0")  # Hugging Face's transformers imports TensorFlow where it is installed


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--renew-golden", action="store_true", help="write tests/golden/*.txt anew")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes long comes first: no core waits at the end for the last long test of another."""
    items.sort(key=lambda item: item.path.parent.name not in ("truth", "e2e"))


@dataclass(frozen=True)
class Finished:
    """A command that has ended."""

    code: int
    out: str
    err: str


Cli = Callable[..., Finished]


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Cli:
    """Runs `archlab ...` in this process, through its own main."""
    from archlab.cli.app import main

    def run(*arguments: object) -> Finished:
        monkeypatch.setattr(sys, "argv", ["archlab", *map(str, arguments)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capsys.readouterr()
        return Finished(int(ended.value.code or 0), out, err)

    return run


@pytest.fixture
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory with the demo's configs, as in a fresh checkout."""
    import shutil

    shutil.copytree(ROOT / "configs", tmp_path / "configs")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ARCHLAB_BASE", raising=False)
    return tmp_path


@pytest.fixture
def corpus() -> Callable[[str], Path]:
    """The folder of a real corpus, with train.spacy and dev.spacy; the test is skipped where it is absent."""

    def find(name: str) -> Path:
        folder = SHARED_DATA / name / "corpus"
        if not folder.is_dir():
            pytest.skip(f"the corpus {name} is not at {folder}")
        return folder

    return find


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """Compares text with tests/golden/NAME.txt; --renew-golden writes it anew."""

    def compare(name: str, text: str) -> None:
        path = ROOT / "tests" / "golden" / f"{name}.txt"
        if request.config.getoption("--renew-golden"):
            path.write_text(text, encoding="utf8")
        assert text == path.read_text(encoding="utf8")

    return compare


@pytest.fixture
def forked_probes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Probes are forks of this process, and need not import anew; where TensorFlow works here, they are not.

    What spaCy would import of packages is imported first: once, and not in each fork.
    """
    from forked_probe import run_in_fork
    from spacy.util import registry

    from archlab.checking import isolating, probing

    with warnings.catch_warnings(action="ignore"):
        registry._entry_point_factories.get_all()
    if isolating.can_fork():
        monkeypatch.setattr(probing, "_run", run_in_fork)


@pytest.fixture(autouse=True)
def _no_overrides_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SPACY_CONFIG_OVERRIDES", raising=False)
