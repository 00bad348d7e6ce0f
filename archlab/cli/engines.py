"""Options that say who does the runs of a grid."""

from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from archlab.cli.saying import say
from archlab.errors import InvalidError, UsageError

if TYPE_CHECKING:
    from archlab.engines.choosing import EngineOptions

Engine = Annotated[
    str, typer.Option(metavar="NAME", help="local: processes; inline: this one; ray: those of a cluster.")
]
Address = Annotated[
    str | None,
    typer.Option("--address", metavar="HOST:PORT", help="Of ray's head; default this machine's cluster."),
]
CpusPerRun = Annotated[
    float | None,
    typer.Option(
        "--cpus-per-run", min=0.01, metavar="N", help="What ray gives a run, and its threads; default 1."
    ),
]
GpusPerRun = Annotated[
    float | None,
    typer.Option("--gpus-per-run", min=0, metavar="N", help="What ray gives a run: 0.25 puts four on a GPU."),
]

RuntimeEnv = Annotated[
    Path | None,
    typer.Option("--runtime-env", metavar="FILE", help="YAML: packages that ray takes to its nodes."),
]


def chosen_engine(
    engine: str,
    jobs: int | None,
    gpu_id: int,
    address: str | None,
    cpus_per_run: float | None,
    gpus_per_run: float | None,
    runtime_env: Path | None,
) -> "EngineOptions":
    """What the options of a command line say. Raises UsageError where they do not go together."""
    from archlab.engines.choosing import EngineOptions

    given: dict[str, Any] = {"address": address, "cpus_per_run": cpus_per_run, "gpus_per_run": gpus_per_run}
    given["runtime_env"] = None if runtime_env is None else _read_runtime_env(runtime_env)
    given = {name: value for name, value in given.items() if value is not None}
    if given and engine != "ray":
        raise UsageError(f"--{next(iter(given)).replace('_', '-')} is for --engine ray.")
    if gpu_id >= 0:
        given.setdefault("gpus_per_run", 1.0)
    options = EngineOptions(engine=engine, jobs=jobs, **given)
    options.require()
    return options


def _read_runtime_env(file: Path) -> dict[str, Any]:
    from archlab.planning.yaml_files import read_yaml

    found = read_yaml(file).data
    if not isinstance(found, dict):
        raise InvalidError(
            f"{file} holds no runtime environment.", "It has lines like `py_modules: [my_blocks]`."
        )
    return found


def say_refused(options: "EngineOptions", told: Collection[str] = ()) -> list[str]:
    """Name the nodes that get no runs, but for those that were named before; returns all."""
    if options.engine != "ray":
        return []
    refused = list(options.cluster().refused.values())
    for line in refused:
        if line not in told:
            say(line, err=True)
    return refused
