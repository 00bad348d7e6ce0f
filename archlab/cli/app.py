"""The command line: `archlab COMMAND`. One file per command; this one brings them together."""

import os
import sys
import traceback
from itertools import pairwise
from typing import Annotated, NoReturn

import typer

from archlab import __version__
from archlab.cli.saying import say
from archlab.errors import ArchlabError, InterruptedByUserError
from archlab.late_pytorch import import_pytorch_late
from archlab.memory import collect_seldom

HELP = """Swap, check, train and compare model architectures in spaCy pipelines.

\b
Try:
  archlab slots                                          what can be swapped
  archlab fits textcat.model                             what may sit there
  archlab recipes                                        changes that touch several slots at once
  archlab swap textcat.model spacy.TextCatBOW.v1         what a swap changes
  archlab swap textcat.model spacy.TextCatBOW.v1 --train base and variant, trained
  archlab grid configs/sweep.yml                         train a whole sweep
"""

app = typer.Typer(
    name="archlab",
    help=HELP,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

EXTRA = {"allow_extra_args": True, "ignore_unknown_options": True}
"""Commands that take config overrides: `--training.max_steps 100`."""


def _show_version(wanted: bool) -> None:
    if wanted:
        say(f"archlab {__version__}")
        raise typer.Exit


@app.callback()
def _prepare(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    if os.environ.get("SPACY_CONFIG_OVERRIDES"):
        say("SPACY_CONFIG_OVERRIDES is set and not obeyed: give overrides as options.", err=True)


def _register() -> None:
    from archlab.cli import (
        cache_key,
        check,
        compare,
        diff,
        fits,
        gc,
        grid,
        lint_types,
        logs,
        matrix,
        recipes,
        regress,
        report,
        runs,
        slots,
        swap,
        table,
        train,
        types,
        watch,
    )

    app.command("swap", context_settings=EXTRA)(swap.swap)
    app.command("recipes", context_settings=EXTRA)(recipes.recipes)
    app.command("slots", context_settings=EXTRA)(slots.slots)
    app.command("fits", context_settings=EXTRA)(fits.fits)
    app.command("diff", context_settings=EXTRA)(diff.diff)
    app.command("matrix")(matrix.matrix)
    app.command("types")(types.types)
    app.command("check", context_settings=EXTRA)(check.check)
    app.command("lint-types")(lint_types.lint_types)
    app.command("train", context_settings=EXTRA)(train.train)
    app.command("grid", context_settings=EXTRA)(grid.grid)
    app.command("cache-key", context_settings=EXTRA)(cache_key.cache_key)
    app.command("table")(table.table)
    app.command("compare")(compare.compare)
    app.command("report")(report.report)
    app.command("regress", context_settings=EXTRA)(regress.regress)
    app.command("runs")(runs.runs)
    app.command("watch")(watch.watch)
    app.command("logs")(logs.logs)
    app.command("gc")(gc.gc)


_register()


def main() -> NoReturn:
    """Run a command and end with its exit code. The only place where errors become text."""
    collect_seldom()
    import_pytorch_late()
    try:
        app(prog_name="archlab", standalone_mode=True)
    except ArchlabError as error:
        _show_error(error)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.exit(InterruptedByUserError.exit_code)
    except OSError as error:
        say(f"error  {error.strerror or error}: {error.filename or ''}".rstrip(": "), err=True)
        sys.exit(ArchlabError.exit_code)
    except Exception:
        say(traceback.format_exc(), err=True)
        say("This is a fault of archlab's own: please report it with the lines above.", err=True)
        sys.exit(ArchlabError.exit_code)
    sys.exit(0)


def _show_error(error: ArchlabError) -> None:
    from archlab.reporting.hints import with_base

    label = "error  "
    base = next(iter(_typed("-b", "--base")), None)
    text = with_base(str(error), base, _typed("-c", "--code"))
    for number, line in enumerate(text.splitlines()):
        say((label if number == 0 else " " * len(label)) + line, err=True)


def _typed(short: str, long: str) -> list[str]:
    """What the command line gives for an option, each time that it stands there."""
    found = []
    for option, value in pairwise([*sys.argv[1:], ""]):
        if option in (short, long):
            found.append(value)
        elif option.startswith(f"{long}="):
            found.append(option.partition("=")[2])
    return found
