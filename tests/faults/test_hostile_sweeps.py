"""Sweeps made to harm: each is refused at once, with one clear message, and nothing is written."""

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from conftest import ROOT

MAX_SECONDS = 1.0
MAX_MEGABYTES = 200

BASE = "base: base.cfg\n"
AXES = "swaps:\n  a.model:\n"


def bomb(levels: int, times: int) -> str:
    """Each level repeats the one before: times ** levels texts, in few aliases and not deep."""
    rows = ["a0: &a0 [x]", *(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * times)}]" for n in range(1, levels))]
    return BASE + "overrides:\n" + "".join(f"  {row}\n" for row in rows)


def merged(levels: int, times: int) -> str:
    rows = ["a0: &a0 {x: 1}"]
    rows += [f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * times)}]}}" for n in range(1, levels)]
    return BASE + "overrides:\n" + "".join(f"  {row}\n" for row in rows)


def axes(count: int, choices: int) -> str:
    values = ", ".join(map(str, range(choices)))
    return BASE + "overrides:\n" + "".join(f"  training.x{n}: [{values}]\n" for n in range(count))


SWEEPS: dict[str, tuple[str, str]] = {
    "alias bomb": (bomb(9, 10), "more than 60,000 keys and values"),
    "alias bomb in few aliases": (bomb(18, 5), "more than 60,000 keys and values"),
    "aliases upon aliases": (bomb(90, 1), "more than 20 levels"),
    "a list that holds itself": (BASE + "overrides:\n  a: &a [*a]\n", "more than 20 levels"),
    "merge bomb": (merged(12, 8), "more than 60,000 keys and values"),
    "python object": (BASE + "score: !!python/object/apply:os.system [touch owned]\n", "python/object/apply"),
    "python name": (BASE + "score: !!python/name:os.system x\n", "odd.yml:2: a sweep has no values of"),
    "python module": (BASE + "score: !!python/module:os x\n", "python/module:os"),
    "python tuple": (BASE + "seeds: !!python/tuple [1, 2]\n", "python/tuple"),
    "own tag": (BASE + "score: !env HOME\n", "!env"),
    "binary": (BASE + "score: !!binary aGVsbG8=\n", "odd.yml:2: a sweep has no values of the kind binary"),
    "set": (BASE + "overrides: !!set {a, b}\n", "kind set"),
    "date": (BASE + "overrides:\n  training.x: 2026-01-01\n", "odd.yml:3: a sweep has no values of the kind"),
    "name above": (BASE + "name: ../up\n", "odd.yml:2: name"),
    "absolute name": (BASE + "name: /etc/cron.d/x\n", "odd.yml:2: name"),
    "hidden name": (BASE + "name: .bashrc\n", "odd.yml:2: name"),
    "NUL": (BASE + "name: a\0b\n", "odd.yml:2: there is a control character, \\x00"),
    "quoted NUL": (BASE + 'name: "a\\0b"\n', "odd.yml:2: there is a control character, \\x00"),
    "NUL in the base": ('base: "a\\0b"\n', "odd.yml:1: there is a control character, \\x00"),
    "a billion cells by axes": (axes(9, 10), "asks for 1,000,000,000 runs"),
    "more cells than can be printed": (axes(11_000, 3), "asks for 10^5248 or more runs"),
    "a billion seeds": (BASE + "seeds: 1000000000\n", "1,000,000,000 seeds"),
    "a list of many seeds": (BASE + f"seeds: [{', '.join(map(str, range(59_000)))}]\n", "59,000 runs"),
    "many variants": (
        BASE + "seeds: 1000\nvariants:\n" + "".join(f"  v{n}: {{a.b: 1}}\n" for n in range(12_000)),
        "asks for 12,001,000 runs",
    ),
    "many wrong variants": (
        BASE + "variants:\n" + "".join(f"  v{n}: 1\n" for n in range(29_000)),
        "variants.v0",
    ),
    "many keys that are none": (BASE + "".join(f"k{n}: 1\n" for n in range(29_000)), "has no key k0"),
    "too many values": (BASE + AXES + "    - a\n" * 120_000, "more than 60,000 keys"),
    "deep lists": (BASE + "score: " + "[" * 100_000 + "]" * 100_000, "more than 20 levels"),
    "deep mappings": (BASE + "score: " + "{a: " * 50_000 + "}" * 50_000, "more than 20 levels"),
    "deep by indentation": ("".join(f"{' ' * n}a:\n" for n in range(1000)), "more than 20 levels"),
    "a megabyte of text": (BASE + f"score: {'x' * 900_000}\n", "odd.yml:2: a text is longer than 10,000"),
    "a megabyte of key": (BASE + f"{'x' * 900_000}: 1\n", "odd.yml:2: could not find expected"),
    "long keys that are none": (BASE + f"{'x' * 1000}: 1\n", "a sweep has no key xxx"),
    "huge number": (BASE + f"seeds: {'9' * 9_000}\n", "cannot be read as YAML"),
    "huge hexadecimal": (BASE + f"seeds: 0x{'f' * 9_000}\n", "odd.yml:2: a number has more than 63 bits"),
    "huge sexagesimal": (BASE + f"seeds: 1{':59' * 3_000}\n", "cannot be read as YAML|more than 63 bits"),
    "huge sexagesimal float": (
        BASE + f"overrides:\n  training.x: 1{':59' * 3_000}.5\n",
        "cannot be read|inf",
    ),
    "64 bits": (
        BASE + f"overrides:\n  training.x: [1, {2**64}]\n",
        "odd.yml:3: a number has more than 63 bits",
    ),
    "nan": (BASE + "overrides:\n  training.dropout: [0.1, .nan]\n", "odd.yml:3: a value is nan"),
    "inf": (BASE + "limits: {minutes: .inf}\n", "odd.yml:2: a value is inf"),
    "1e999": (BASE + "limits: {minutes: 1.0e+999}\n", "odd.yml:2: a value is inf"),
    "two documents": (BASE + "---\n" + BASE, "odd.yml:2: but found another document"),
    "no text": ("\udcff\udcfe", "is not UTF-8 text"),
    "16 bits": ("\ufeffbase: x".encode("utf-16").decode("latin1"), "UTF-8|control character"),
    "key twice": (BASE + BASE, "odd.yml:2: the key 'base' is there twice"),
    "key of keys": (BASE + "? [a, b]\n: 1\n", "odd.yml:2: a key must be plain text"),
    "nothing": ("", "holds no sweep"),
    "base is a folder": ("base: .\n", "there is no config"),
    "base is a pipe": ("base: pipe\n", "there is no config pipe"),
    "base is a device": ("base: /dev/zero\n", "there is no config /dev/zero"),
    "base is large": ("base: large.cfg\n", "large.cfg is larger than 10,000,000 bytes"),
    "base is not there": ("base: ../../../../none/none.cfg\n", "there is no config"),
}

FILES = {
    "pipe": "pipe is no file",
    "/dev/zero": "/dev/zero is no file",
    "/dev/stdin": "/dev/stdin is no file",
    ".": ". is no file",
    "none.yml": "There is no sweep none.yml",
    "large.yml": "large.yml is larger than 1,000,000 bytes",
    "sparse.yml": "sparse.yml is larger than 1,000,000 bytes",
    "loop.yml": "loop.yml cannot be read",
    "x" * 300 + ".yml": "cannot be read",
}


@dataclass(frozen=True)
class Measured:
    """A command that has ended; seconds: of CPU. megabytes: at most, with those of Python and archlab."""

    code: int
    said: str
    seconds: float
    megabytes: float


COMMANDS = """
import json, os, resource, sys, tempfile, time
import archlab.cli.app, archlab.cli.grid, archlab.planning.plans, archlab.reporting.terminal
import archlab.reporting.planned, archlab.engines.driving, archlab.engines.local

def run(folder, arguments):
    with tempfile.TemporaryFile() as said:
        began = time.monotonic()
        pid = os.fork()
        if pid == 0:
            os.dup2(said.fileno(), 1)
            os.dup2(said.fileno(), 2)
            os.chdir(folder)
            sys.argv = ["archlab", *arguments]
            try:
                archlab.cli.app.main()
            except SystemExit as ended:
                sys.stdout.flush()
                os._exit(int(ended.code or 0))
            finally:
                os._exit(99)
        while (ended := os.wait4(pid, os.WNOHANG))[0] == 0:
            if time.monotonic() - began > 30:
                os.kill(pid, 9)
            time.sleep(0.005)
        said.seek(0)
        used = ended[2]
        text = said.read().decode("utf8")
        code = os.waitstatus_to_exitcode(ended[1])
        return [code, text, used.ru_utime + used.ru_stime, used.ru_maxrss / 1000]

print(json.dumps([run(*job) for job in json.load(open(sys.argv[1]))]))
"""


def make_files(folder: Path) -> None:
    """What a base or a sweep may be named after, and must not be read to its end."""
    os.mkfifo(folder / "pipe")
    for name, size in {"large.yml": 50_000_000, "sparse.yml": 1 << 40, "large.cfg": 50_000_000}.items():
        with (folder / name).open("wb") as file:
            file.truncate(size)
    (folder / "loop.yml").symlink_to("loop.yml")


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Measured]:
    """Each sweep, planned in a fork of one process; and which files there are afterwards."""
    folder = tmp_path_factory.mktemp("hostile")
    jobs = {}
    for number, (name, (text, _)) in enumerate(SWEEPS.items()):
        place = folder / str(number)
        place.mkdir()
        (place / "odd.yml").write_text(text, encoding="utf8", errors="surrogateescape")
        jobs[name] = (str(place), ["grid", "odd.yml"])
    make_files(folder)
    jobs |= {file: (str(folder), ["grid", file]) for file in FILES}
    for name in ("base is a pipe", "base is large"):
        make_files(Path(jobs[name][0]))
    before = sorted(folder.rglob("*"))
    todo = tmp_path_factory.mktemp("jobs") / "jobs.json"
    todo.write_text(json.dumps([*jobs.values()]), encoding="utf8")
    done = subprocess.run(
        [sys.executable, "-c", COMMANDS, todo],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        check=True,
    )
    assert sorted(folder.rglob("*")) == before
    ended = (Measured(*found) for found in json.loads(done.stdout))
    return dict(zip(jobs, ended, strict=True))


EXPECTED = {**{name: said for name, (_, said) in SWEEPS.items()}, **FILES}


@pytest.mark.parametrize("name", EXPECTED)
def test_it_is_refused_at_once_and_says_why(measured: dict[str, Measured], name: str) -> None:
    done = measured[name]
    assert done.code == 3, done.said[:2000]
    assert re.search(EXPECTED[name] if "|" in EXPECTED[name] else re.escape(EXPECTED[name]), done.said)
    assert done.said.startswith("error  ")
    assert "Traceback" not in done.said
    assert len(done.said) < 2000
    assert done.seconds < MAX_SECONDS
    assert done.megabytes < MAX_MEGABYTES
