"""Where the results of a report come from: environments, the sweep's file, commands that repeat it."""

import json
import shlex
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from archlab.plain import printable
from archlab.records import Json
from archlab.results.files import read_json
from archlab.results.paths import experiments_option

if TYPE_CHECKING:
    from archlab.results.collection import Results

MOST_ENVIRONMENTS = 20
MOST_CHARACTERS = 50_000
"""Of the sweep's file."""


@dataclass(frozen=True, kw_only=True)
class Origins:
    """What to know, and to type, to have them again.

    environments: the most frequent first, each with `runs`, how many ran there. commands: what to type, and
    what it does. run_command: that repeats one run, {run} standing for its id. sweep_file: its text.
    """

    environments: tuple[Json, ...]
    commands: tuple[tuple[str, str], ...]
    run_command: str | None
    sweep_file: str | None


def origins(results: "Results") -> Origins:
    """As far as the store tells."""
    counted = Counter(json.dumps(asdict(result.environment), sort_keys=True) for result in results)
    options = _options(results)
    sweep = shlex.quote(results.layout.sweep)
    place = _experiments(results)
    commands = (
        (f"archlab grid sweep.yml{options}{place}", "train what is missing, with the sweep below"),
        (f"archlab table {sweep}{place}", "the table, in a terminal"),
        (f"archlab compare A B --sweep {sweep}{place}", "two rows of it"),
        (f"archlab report {sweep}{place}", "this page"),
    )
    return Origins(
        environments=tuple(
            {**json.loads(told), "runs": runs} for told, runs in counted.most_common(MOST_ENVIRONMENTS)
        ),
        commands=commands,
        run_command=_run_command(results, options),
        sweep_file=_sweep_file(results),
    )


def _options(results: "Results") -> str:
    """The code and the device that the runs were given, as their specs tell."""
    if results.paths is None:
        return ""
    for result in results:
        spec = read_json(results.paths.run(result.run_id).spec)
        if isinstance(spec, dict):
            code = [str(file) for file in spec.get("code") or () if isinstance(file, str)]
            gpu = spec.get("gpu_id")
            told = [f" --code {shlex.quote(Path(file).name)}" for file in code]
            return "".join(told) + (f" --gpu-id {gpu}" if isinstance(gpu, int) and gpu >= 0 else "")
    return ""


def _experiments(results: "Results") -> str:
    """The option that names the store, by its last name: where it lies on a machine is not told."""
    return experiments_option(results.paths.folder.parent.name if results.paths else None)


def _run_command(results: "Results", options: str) -> str | None:
    if results.paths is None:
        return None
    folder = shlex.quote(f"{results.paths.folder.parent.name}/{results.layout.sweep}/runs")
    return f"python -m spacy train {folder}/{{run}}/config.cfg{options}"


def _sweep_file(results: "Results") -> str | None:
    if results.paths is None:
        return None
    try:
        text = results.paths.sweep.read_text(encoding="utf8", errors="replace")
    except OSError:
        return None
    return printable(text[:MOST_CHARACTERS])
