"""archlab fits: what may sit in a slot."""

import sys
from typing import Annotated

import typer

from archlab.checking.isolating import SECONDS
from archlab.cli.options import (
    DEFAULT_BASE,
    Base,
    Code,
    Format,
    FormatOption,
    Probe,
    Probes,
    Seconds,
    print_json,
    read_overrides,
)


def fits(
    ctx: typer.Context,
    slot: Annotated[
        str, typer.Argument(metavar="SLOT", help="Where: textcat.model, tok2vec.model.embed ...")
    ],
    base: Base = DEFAULT_BASE,
    show_all: Annotated[bool, typer.Option("--all", help="Also what does not fit, and why.")] = False,
    probe: Probe = False,
    jobs: Probes = None,
    seconds: Seconds = SECONDS,
    code: Code = None,
    format: FormatOption = Format.text,
) -> None:
    """List which blocks fit into a slot, and why others do not.

    Installed packages and --code files count. What is unknown has no type annotations: --probe decides,
    for blocks that need no argument which nobody knows.

    \b
    archlab fits textcat.model
    archlab fits tok2vec.model.embed --base my.cfg --all
    archlab fits tagger.model --probe --code blocks.py
    """
    import archlab
    from archlab.cli.watching import probing
    from archlab.configs.code import import_code
    from archlab.reporting.terminal import make_console, show_candidates

    import_code(code or ())
    config = archlab.load_config(base, read_overrides(ctx))
    with probing() as on_probe:
        candidates = archlab.fits(
            config, slot, probe=probe, code=code or (), seconds=seconds, jobs=jobs, on_probe=on_probe
        )
    if format is Format.json:
        print_json([candidate.to_dict() for candidate in candidates])
        return
    (found,) = [known for known in archlab.slots(config) if slot in (known.path, known.short)]
    show_candidates(make_console(sys.stdout), found, candidates, show_all=show_all)
