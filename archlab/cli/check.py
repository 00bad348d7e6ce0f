"""archlab check: does everything fit, before any training starts?"""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from archlab.checking.isolating import SECONDS
from archlab.cli.options import Code, FindingsFormat, Seconds, print_json, split_extra
from archlab.cli.saying import say
from archlab.errors import InvalidError, UsageError
from archlab.records import Finding, Report


def check(
    ctx: typer.Context,
    files: Annotated[list[str], typer.Argument(metavar="FILE", help="Configs (.cfg) and sweeps (.yml).")],
    level: Annotated[
        str,
        typer.Option(
            metavar="LEVEL",
            help="types: signatures and arguments; build: construct, too; probe: also train for a moment.",
        ),
    ] = "build",
    seconds: Seconds = SECONDS,
    code: Code = None,
    skip_others: Annotated[
        bool,
        typer.Option("--skip-others", help="Pass over .cfg and YAML files that are no config and no sweep."),
    ] = False,
    format: Annotated[
        FindingsFormat,
        typer.Option("--format", help="How findings are written; github: as annotations of a GitHub job."),
    ] = FindingsFormat.text,
) -> None:
    """Check configs, or all variants of sweeps.

    Exit code 3 where something does not fit.

    \b
    archlab check configs/base.cfg
    archlab check configs/sweep.yml --level types
    archlab check configs/base.cfg --level probe --seconds 300
    archlab check configs/base.cfg --format github
    archlab check --skip-others *.cfg configs/*.yml
    """
    from archlab.configs.code import import_code

    overrides, named = split_extra(ctx, files)
    wanted = [Path(name) for name in named]
    if not wanted:
        raise UsageError("No file is named.", "archlab check configs/base.cfg")
    if skip_others:
        wanted = [file for file in wanted if _is_ours(file)]
    alone = len(named) == 1 and format is FindingsFormat.text
    asked = _Asked(level=level, seconds=seconds, code=tuple(code or ()), overrides=overrides)
    checked = []
    for file in wanted:
        try:
            import_code(asked.code)
            checked.append(_check(file, asked))
        except InvalidError as error:
            if alone:
                raise
            finding = Finding(
                severity="error", slot="", message=error.message, fix=error.hint, file=str(file)
            )
            checked.append(_Checked(file, Report((finding,)), str(file)))
    _show(checked, format, passed_over=len(named) - len(wanted))
    if not all(item.report.ok for item in checked):
        raise typer.Exit(InvalidError.exit_code)


@dataclass(frozen=True, kw_only=True)
class _Asked:
    """How each file is checked."""

    level: str
    seconds: float
    code: tuple[Path, ...]
    overrides: dict[str, Any]


@dataclass(frozen=True)
class _Checked:
    """What was found in a file. subject: how it is called, with the number of a sweep's variants."""

    file: Path
    report: Report
    subject: str


def _is_ours(file: Path) -> bool:
    """What cannot be read is not passed over: the check tells why."""
    from archlab.planning.recognizing import is_config, is_sweep

    return not file.is_file() or is_config(file) or is_sweep(file)


def _check(file: Path, asked: _Asked) -> _Checked:
    return _check_sweep(file, asked) if file.suffix in (".yml", ".yaml") else _check_config(file, asked)


def _check_config(file: Path, asked: _Asked) -> _Checked:
    import archlab
    from archlab.configs.loading import read_config

    config, source = read_config(file, asked.overrides)
    report = archlab.check(config, asked.level, source=source, code=asked.code, seconds=asked.seconds)
    return _Checked(file, report, str(file))


def _check_sweep(file: Path, asked: _Asked) -> _Checked:
    import archlab
    from archlab.engines.driving import require_code
    from archlab.reporting.numbers import counted

    sweep = archlab.load_sweep(file)
    require_code(sweep, asked.code)
    planned = archlab.plan(sweep, **vars(asked))
    total = counted((*planned.variants, *planned.rejected), "variant")
    return _Checked(file, planned.report, f"{file}, {total}")


def _show(checked: list[_Checked], format: FindingsFormat, *, passed_over: int) -> None:
    from archlab.reporting.github import annotations
    from archlab.reporting.terminal import make_console, show_report

    if format is FindingsFormat.json:
        print_json(Report(tuple(finding for item in checked for finding in item.report.findings)).to_dict())
    elif format is FindingsFormat.github:
        for item in checked:
            for line in annotations(item.report, file=str(item.file)):
                say(line)
    else:
        console = make_console(sys.stdout)
        for item in checked:
            show_report(console, item.report, subject=item.subject)
    if passed_over:
        files = "file is" if passed_over == 1 else "files are"
        say(f"passed over: {passed_over} {files} neither a config nor a sweep", err=True)
