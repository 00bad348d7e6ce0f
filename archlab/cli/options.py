"""Options that several commands share, and config overrides."""

import json
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from archlab.cli.saying import say
from archlab.environments import require_set
from archlab.errors import OutputError, UsageError, did_you_mean
from archlab.plain import escaped_json
from archlab.results.paths import DEFAULT_EXPERIMENTS as DEFAULT_EXPERIMENTS


def _require_set(names: list[str] | None) -> list[str] | None:
    require_set(names or ())
    return names


Base = Annotated[
    Path, typer.Option("--base", "-b", envvar="ARCHLAB_BASE", metavar="FILE", help="The base config.")
]
Code = Annotated[
    list[Path] | None,
    typer.Option("--code", "-c", metavar="FILE", help="Python file that registers blocks; repeatable."),
]
Gpu = Annotated[
    int, typer.Option("--gpu-id", "--gpu", "-g", metavar="N", help="GPU to train on; -1 for the CPU.")
]
Experiments = Annotated[
    Path, typer.Option("--experiments", metavar="DIR", help="The folder that keeps results.")
]
Jobs = Annotated[
    int | None,
    typer.Option("--jobs", "-j", min=1, metavar="N", help="Runs at once; default one per core, one per GPU."),
]
Probe = Annotated[
    bool, typer.Option("--probe", help="Train each for a moment, in a process of its own, to be sure.")
]
Probes = Annotated[
    int | None, typer.Option("--jobs", "-j", min=1, metavar="N", help="Probes at once; default one per core.")
]
Force = Annotated[bool, typer.Option("--force", help="Replace the output file if it exists.")]
PassEnv = Annotated[
    list[str] | None,
    typer.Option(
        "--pass-env",
        metavar="NAME",
        callback=_require_set,
        help="Environment variable that runs get, too; repeatable.",
    ),
]
ChangedSince = Annotated[
    str | None,
    typer.Option("--changed-since", metavar="REV", help="Train only what differs from that git revision."),
]
NoSpeedups = Annotated[
    bool, typer.Option("--no-speedups", help="Train as slowly as spaCy does; the models are the same.")
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress, only results.")]
RetryFailed = Annotated[bool, typer.Option("--retry-failed", help="Train failed runs again.")]

DEFAULT_BASE = Path("configs/base.cfg")


class Format(StrEnum):
    """How results are written."""

    text = "text"
    json = "json"


class FindingsFormat(StrEnum):
    """How findings are written."""

    text = "text"
    json = "json"
    github = "github"


FormatOption = Annotated[Format, typer.Option("--format", help="How results are written.")]
Seconds = Annotated[
    float,
    typer.Option("--seconds", min=1, metavar="N", help="How long one probe may take, imports included."),
]


def read_overrides(ctx: typer.Context) -> dict[str, Any]:
    """Config overrides among the arguments that no option took. Raises UsageError for anything else."""
    overrides, others = split_extra(ctx)
    if others:
        hint = f"Name a config with --base {others[0]}." if Path(others[0]).is_file() else None
        raise UsageError(f"Unexpected argument {others[0]}.", hint)
    return overrides


def split_extra(ctx: typer.Context, given: Sequence[str] = ()) -> tuple[dict[str, Any], list[str]]:
    """(config overrides, the rest) of the arguments that no option took. given: those of the command itself.

    `--training.max_steps 100`, `--training.max_steps=100`, and a flag without a value, which means true, as
    in spaCy. Raises UsageError for an unknown option, with the nearest that there is.
    """
    overrides: dict[str, Any] = {}
    others: list[str] = []
    extra = [*given, *ctx.args]
    while extra:
        item = extra.pop(0)
        if not item.startswith("-") or item == "-":
            others.append(item)
            continue
        name, equals, value = item.removeprefix("--").partition("=")
        if not item.startswith("--") or "." not in name:
            options = [option for parameter in ctx.command.params for option in parameter.opts]
            hint = "A setting of the config is given by its path, for example --training.max_steps 100."
            raise UsageError(f"There is no option {item}.", did_you_mean(item, options) or hint)
        if not equals:
            value = extra.pop(0) if extra and not extra[0].startswith("--") else "true"
        overrides[name] = read_value(value)
    return overrides, others


def read_value(text: str) -> Any:
    """A value as a config would read it: JSON, or else the text itself."""
    try:
        return json.loads(text, parse_constant=_refuse)
    except ValueError:
        return text


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON")


def print_json(data: Any) -> None:
    """Results for programs, on stdout."""
    say(json_text(data))


def json_text(data: Any) -> str:
    """Results for programs."""
    return escaped_json(json.dumps(data, indent=2, ensure_ascii=False))


def require_output(output: Path, example: str, *, force: bool) -> None:
    """Raise OutputError where a file may not or cannot be written; before anything is done.

    example: a name that it might have in a folder.
    """
    from archlab.results.files import require_writable

    if output.is_dir():
        raise OutputError(f"{output} is a folder.", f"Name a file: -o {output / example}")
    if output.exists() and not force:
        raise OutputError(f"{output} is there already.", "Add --force to replace it.")
    require_writable(output.parent)
