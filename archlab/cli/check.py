"""archlab check: does everything fit, before any training starts?"""

import sys
from pathlib import Path
from typing import Annotated

import typer

from archlab.cli.options import Code, Format, FormatOption, print_json, read_overrides
from archlab.errors import InvalidError
from archlab.records import Report


def check(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A config (.cfg), or a sweep (.yml).")],
    level: Annotated[
        str,
        typer.Option(
            metavar="LEVEL",
            help="types: signatures and arguments; build: construct, too; probe: also train for a moment.",
        ),
    ] = "build",
    code: Code = None,
    format: FormatOption = Format.text,
) -> None:
    """Check a config, or all variants of a sweep.

    Exit code 3 where something does not fit.

    \b
    archlab check configs/base.cfg
    archlab check configs/sweep.yml --level types
    archlab check configs/base.cfg --level probe
    """
    from archlab.configs.code import import_code
    from archlab.reporting.terminal import make_console, show_report

    overrides = read_overrides(ctx)
    import_code(code or ())
    if file.suffix in (".yml", ".yaml"):
        report, subject = _check_sweep(file, level, code or [], overrides)
    else:
        report, subject = _check_config(file, level, code or [], overrides)
    if format is Format.json:
        print_json(report.to_dict())
    else:
        show_report(make_console(sys.stdout), report, subject=subject)
    if not report.ok:
        raise typer.Exit(InvalidError.exit_code)


def _check_config(
    file: Path, level: str, code: list[Path], overrides: dict[str, object]
) -> tuple[Report, str]:
    import archlab
    from archlab.configs.loading import read_config

    config, source = read_config(file, overrides)
    return archlab.check(config, level, source=source, code=code), str(file)


def _check_sweep(
    file: Path, level: str, code: list[Path], overrides: dict[str, object]
) -> tuple[Report, str]:
    import archlab
    from archlab.engines.driving import require_code
    from archlab.reporting.numbers import counted

    sweep = archlab.load_sweep(file)
    require_code(sweep, code)
    planned = archlab.plan(sweep, code=code, overrides=overrides, level=level)
    total = counted((*planned.variants, *planned.rejected), "variant")
    return planned.report, f"{file}, {total}"
