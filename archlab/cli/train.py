"""archlab train: one run."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from archlab.cli.options import (
    DEFAULT_EXPERIMENTS,
    Code,
    Experiments,
    Format,
    FormatOption,
    Gpu,
    NoSpeedups,
    PassEnv,
    Quiet,
    print_json,
    read_overrides,
)
from archlab.cli.saying import say
from archlab.errors import RunsFailedError


def train(
    ctx: typer.Context,
    config: Annotated[Path, typer.Argument(metavar="CONFIG", help="The config to train.")],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="DIR", help="A folder that gets a copy of model-best."),
    ] = None,
    seed: Annotated[int | None, typer.Option(min=0, metavar="N", help="Default: training.seed.")] = None,
    rerun: Annotated[bool, typer.Option("--rerun", help="Train again what is stored.")] = False,
    code: Code = None,
    gpu_id: Gpu = -1,
    pass_env: PassEnv = None,
    no_speedups: NoSpeedups = False,
    experiments: Experiments = DEFAULT_EXPERIMENTS,
    format: FormatOption = Format.text,
    quiet: Quiet = False,
) -> None:
    """Train one config, as `spacy train` would.

    On a CPU model-best is the same, byte for byte. A run that is stored already is not trained again.

    \b
    archlab train configs/base.cfg -o out
    archlab train my.cfg --paths.train train.spacy --paths.dev dev.spacy --training.max_steps 200
    """
    import archlab
    from archlab.cli.interrupts import interruptible
    from archlab.cli.watching import watching
    from archlab.configs.code import import_code
    from archlab.planning.sweeps import ADHOC
    from archlab.reporting.numbers import score
    from archlab.reporting.problems import show_failure
    from archlab.reporting.terminal import make_console
    from archlab.results.collection import with_log
    from archlab.results.paths import SweepPaths
    from archlab.results.problems import problem_of

    overrides = read_overrides(ctx)
    import_code(code or ())
    loaded = archlab.load_config(config, overrides)
    with interruptible(), watching(1, quiet=quiet) as watcher:
        result = archlab.train(
            loaded,
            output,
            gpu_id,
            seed,
            code=code or (),
            experiments=experiments,
            rerun=rerun,
            pass_env=pass_env or (),
            speedups=not no_speedups,
            on_event=watcher,
        )
    sweep = SweepPaths.of(ADHOC, experiments)
    if format is Format.json:
        print_json(result.to_dict())
    elif result.status == "done":
        model = output / "model-best" if output is not None else sweep.run(result.run_id).model
        shown = "no score" if result.score is None else f"score {score(result.score)}"
        say(f"{shown} at step {result.best_step} of {result.steps}; {model}")
    else:
        problem = with_log(problem_of(str(config), result), sweep)
        show_failure(make_console(sys.stderr), problem)
    if result.status != "done":
        sys.exit(RunsFailedError.exit_code)
