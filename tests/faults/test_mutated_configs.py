"""Configs with something broken in them: findings, or a word of what is wrong; no traceback, no hanging."""

import signal
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from io import StringIO
from pathlib import Path
from random import Random
from typing import NoReturn

import pytest
from conftest import ROOT
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mutated_configs import mutated

import archlab
from archlab.cli.app import main
from archlab.configs.loading import read_config
from archlab.errors import ArchlabError

QUICKSTARTS = ("ner", "textcat", "spancat", "tagger morphologizer parser", "senter trainable_lemmatizer")
FILES = ("configs/base.cfg", "tests/e2e/configs/tagging.cfg", "tests/e2e/configs/ner.cfg")
EXAMPLES = tuple(str(path.relative_to(ROOT)) for path in sorted(ROOT.glob("examples/*/*.cfg")))
BASES = (*FILES, *EXAMPLES, *QUICKSTARTS)

SECONDS = 5.0
"""Of wall time that foreign and vast blocks may take to be built."""

HANGS_AFTER = 60

RANDOM = st.randoms(use_true_random=False)
FIXED = settings(
    derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck), print_blob=False
)

pytestmark = pytest.mark.filterwarnings("ignore")  # of spaCy, about what is broken


@cache
def text_of(base: str) -> str:
    """A config's text: of a file, or what `spacy init config` writes for some components."""
    if base.endswith(".cfg"):
        return (ROOT / base).read_text(encoding="utf8")
    from spacy.cli.init_config import init_config

    config = init_config(lang="en", pipeline=base.split(), optimize="efficiency", gpu=False, silent=True)
    return str(config.to_str())


@contextmanager
def not_for_long() -> Iterator[None]:
    def give_up(*_: object) -> NoReturn:
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, give_up)
    signal.alarm(HANGS_AFTER)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def judged(file: Path) -> str:
    """What archlab says of a config: fits, findings, or refused. Anything it raises beside that is a bug."""
    try:
        with not_for_long():
            config, source = read_config(file)
            report = archlab.check(config, "types", source=source)
            if report.ok:
                report = archlab.check(config, "build", source=source, seconds=SECONDS)
    except ArchlabError as error:
        if error.exit_code not in (2, 3):
            raise
        return "refused"
    return "fits" if report.ok else "findings"


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("mutated") / "mutated.cfg"


def try_many(file: Path, number: int) -> Counter[str]:
    said: Counter[str] = Counter()

    @settings(FIXED, max_examples=number)
    @given(st.sampled_from(BASES), RANDOM)
    def try_one(base: str, random: Random) -> None:
        file.write_bytes(mutated(text_of(base), random))
        said[judged(file)] += 1

    try_one()
    return said


def test_500_mutated_configs_are_judged_or_refused(file: Path) -> None:
    said = try_many(file, 500)
    assert min(said["fits"], said["findings"], said["refused"]) > 25, (
        said
    )  # what is broken is broken in many ways


@pytest.mark.exhaustive
def test_10000_mutated_configs_are_judged_or_refused(file: Path) -> None:
    assert try_many(file, 10_000).total() >= 10_000


def test_the_command_ends_with_its_exit_code(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ended: Counter[int] = Counter()

    @settings(FIXED, max_examples=60)
    @given(st.sampled_from(BASES), RANDOM, st.sampled_from(["types", "build"]))
    def try_one(base: str, random: Random, level: str) -> None:
        file.write_bytes(mutated(text_of(base), random))
        said = StringIO()
        with monkeypatch.context() as patch, not_for_long():
            patch.setattr(sys, "argv", ["archlab", "check", str(file), "--level", level])
            patch.setattr(sys, "stdout", StringIO())
            patch.setattr(sys, "stderr", said)
            with pytest.raises(SystemExit) as stopped:
                main()
        ended[int(stopped.value.code or 0)] += 1
        assert "Traceback" not in said.getvalue()

    try_one()
    assert {0, 3} <= set(ended) <= {0, 2, 3}
