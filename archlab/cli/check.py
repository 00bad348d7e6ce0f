"""archlab check: does everything fit, before any training starts?"""

import sys
from pathlib import Path
from typing import Annotated

import typer

from archlab.checking.isolating import SECONDS
from archlab.cli.options import Code, FindingsFormat, Seconds, print_json, read_overrides
from archlab.cli.saying import say
from archlab.errors import InvalidError
from archlab.records import Finding, Report


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
    seconds: Seconds = SECONDS,
    code: Code = None,
    format: Annotated[
        FindingsFormat,
        typer.Option("--format", help="How findings are written; github: as annotations of a GitHub job."),
    ] = FindingsFormat.text,
) -> None:
    """Check a config, or all variants of a sweep.

    Exit code 3 where something does not fit.

    \b
    archlab check configs/base.cfg
    archlab check configs/sweep.yml --level types
    archlab check configs/base.cfg --level probe --seconds 300
    archlab check configs/base.cfg --format github
    """
    from archlab.configs.code import import_code
    from archlab.reporting.github import annotations
    from archlab.reporting.terminal import make_console, show_report

    overrides = read_overrides(ctx)
    try:
        import_code(code or ())
        if file.suffix in (".yml", ".yaml"):
            report, subject = _check_sweep(file, level, code or [], seconds, overrides)
        else:
            report, subject = _check_config(file, level, code or [], seconds, overrides)
    except InvalidError as error:
        if format is FindingsFormat.text:
            raise
        finding = Finding(severity="error", slot="", message=error.message, fix=error.hint, file=str(file))
        report, subject = Report((finding,)), str(file)
    if format is FindingsFormat.json:
        print_json(report.to_dict())
    elif format is FindingsFormat.github:
        for line in annotations(report, file=str(file)):
            say(line)
    else:
        show_report(make_console(sys.stdout), report, subject=subject)
    if not report.ok:
        raise typer.Exit(InvalidError.exit_code)


def _check_config(
    file: Path, level: str, code: list[Path], seconds: float, overrides: dict[str, object]
) -> tuple[Report, str]:
    import archlab
    from archlab.configs.loading import read_config

    config, source = read_config(file, overrides)
    return archlab.check(config, level, source=source, code=code, seconds=seconds), str(file)


def _check_sweep(
    file: Path, level: str, code: list[Path], seconds: float, overrides: dict[str, object]
) -> tuple[Report, str]:
    import archlab
    from archlab.engines.driving import require_code
    from archlab.reporting.numbers import counted

    sweep = archlab.load_sweep(file)
    require_code(sweep, code)
    planned = archlab.plan(sweep, code=code, overrides=overrides, level=level, seconds=seconds)
    total = counted((*planned.variants, *planned.rejected), "variant")
    return planned.report, f"{file}, {total}"
