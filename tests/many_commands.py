"""Run many commands, each in a fork of one process that has loaded spaCy: none touches another."""

import gc
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NoReturn

from conftest import ROOT, Finished

Arguments = Sequence[object]


def run_commands(
    commands: Mapping[str, Arguments], *folders: Path, cwd: Path | None = None, forked_probes: bool = False
) -> dict[str, Finished]:
    """What each `archlab ...` wrote, and how it ended.

    folders: put on the path of Python. cwd: where the commands run. forked_probes: their probes are forks.
    """
    path = os.pathsep.join(map(str, (ROOT, ROOT / "tests", *folders)))
    done = subprocess.run(
        [sys.executable, __file__, *(["probes"] if forked_probes else [])],
        cwd=cwd,
        input=json.dumps({name: list(map(str, arguments)) for name, arguments in commands.items()}),
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=True,
    )
    return {name: Finished(*ended) for name, ended in json.loads(done.stdout).items()}


def _run_in_fork(arguments: list[str]) -> tuple[int, str, str]:
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        pid = os.fork()
        if pid == 0:
            os.dup2(out.fileno(), 1)
            os.dup2(err.fileno(), 2)
            _run(arguments)
        _, status = os.waitpid(pid, 0)
        out.seek(0)
        err.seek(0)
        return os.waitstatus_to_exitcode(status), out.read().decode(), err.read().decode()


def _run(arguments: list[str]) -> NoReturn:
    """End as Python would, but for what the copied process has registered to run at its end."""
    from archlab.cli.app import main

    sys.argv = ["archlab", *arguments]
    code = 1
    try:
        main()
    except SystemExit as ended:
        code = int(ended.code or 0)
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    import spacy.training.loop  # noqa: F401  # once for all forks

    import archlab.cli.app  # noqa: F401

    if sys.argv[1:] == ["probes"]:
        from forked_probe import probe_in_forks
        from spacy.util import registry

        probe_in_forks()
        registry._entry_point_factories.get_all()  # once for all probes
    gc.freeze()  # or the collector goes through all that at the end: a second
    print(json.dumps({name: _run_in_fork(arguments) for name, arguments in json.load(sys.stdin).items()}))  # noqa: T201
