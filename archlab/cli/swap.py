"""archlab swap: put another block into a slot, and see what that changes."""

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from archlab.cli.naming_swaps import Tok2VecChoice, read_swaps, still_there, with_tok2vec
from archlab.cli.options import (
    DEFAULT_BASE,
    DEFAULT_EXPERIMENTS,
    Base,
    Code,
    Experiments,
    Force,
    Format,
    FormatOption,
    Gpu,
    Jobs,
    PassEnv,
    Quiet,
    print_json,
    require_output,
    split_extra,
)
from archlab.cli.saying import hand_over, say
from archlab.errors import InvalidError, OutputError, RunsFailedError, UnknownSlotError, UsageError
from archlab.records import Report

if TYPE_CHECKING:
    from archlab.configs.swapping import Swapped


def swap(
    ctx: typer.Context,
    what: Annotated[
        list[str],
        typer.Argument(
            metavar="SLOT BLOCK [KEY=VALUE ...]",
            help="Where, what, and what to set in it; repeatable. BLOCK is a registered name, without a "
            "version the newest that fits, or @registry:name. Or a recipe: archlab recipes lists them.",
        ),
    ],
    base: Base = DEFAULT_BASE,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="Write the complete config; - for stdout."),
    ] = None,
    force: Force = False,
    tok2vec: Annotated[
        Tok2VecChoice | None,
        typer.Option("--tok2vec", help="A tok2vec of the block's own, or a listener to the shared one."),
    ] = None,
    explain: Annotated[
        bool, typer.Option("--explain", help="Tell where every value of the new blocks comes from.")
    ] = False,
    train: Annotated[bool, typer.Option("--train", help="Train base and variant and compare them.")] = False,
    seeds: Annotated[int, typer.Option(min=1, metavar="N", help="With --train: how many seeds each.")] = 1,
    code: Code = None,
    gpu_id: Gpu = -1,
    jobs: Jobs = None,
    pass_env: PassEnv = None,
    experiments: Experiments = DEFAULT_EXPERIMENTS,
    format: FormatOption = Format.text,
    quiet: Quiet = False,
) -> None:
    """Swap blocks for others, or follow a recipe, and show what changes.

    The base config is never changed. Arguments that you do not give as key=value are carried over from
    the old block, or filled with defaults and documented values; the diff says where each comes from.
    Config overrides such as --training.max_steps 100 apply to base and variant alike.

    \b
    archlab swap textcat.model spacy.TextCatBOW.v1
    archlab swap textcat.model spacy.TextCatBOW ngram_size=2 -o bow.cfg
    archlab swap tagger.model.tok2vec.embed spacy.CharacterEmbed textcat.model spacy.TextCatBOW
    archlab swap textcat.model spacy.TextCatReduce --tok2vec shared
    archlab swap encoder bilstm
    archlab swap tok2vec.model.embed spacy.CharacterEmbed.v2 --base my.cfg --train --seeds 3
    """
    import archlab
    from archlab.configs.code import import_code
    from archlab.configs.loading import read_config
    from archlab.configs.recipes import swap_and_cook

    if output is not None and format is Format.json and str(output) == "-":
        raise UsageError("-o - and --format json both want stdout.", "Name a file with -o.")
    if output is not None:
        _require_output(output, base, force)
    overrides, others = split_extra(ctx, what)
    recipes, swaps = read_swaps(others)
    import_code(code or ())
    config, source = read_config(base, overrides)
    swaps = with_tok2vec(swaps, tok2vec.value if tok2vec else None)
    try:
        swapped = swap_and_cook(config, recipes, swaps)
        if recipes:  # what was typed goes before what a recipe says
            swapped = swapped.then(archlab.swap_all(swapped.config, still_there(swapped.config, overrides)))
    except UnknownSlotError as error:
        raise UnknownSlotError(
            error.message.replace("There is no slot", f"{base} has no slot"), error.hint
        ) from None
    report = archlab.check(swapped.config, source=source, for_training=True)
    if format is Format.json and not train:
        print_json(_as_json(swapped, report))
    else:
        to_stderr = train or str(output) == "-"
        _show(swapped, report, explain=explain, to_stderr=to_stderr, quiet=quiet and train)
    if not report.ok:
        raise typer.Exit(InvalidError.exit_code)
    if output is not None:
        _write(swapped, source.text, output)
    if train:
        title = ", ".join(step.label for step in recipes) if not swaps else None
        _train(
            ctx,
            config,
            swapped,
            title,
            seeds,
            code or [],
            gpu_id,
            jobs,
            pass_env or [],
            experiments,
            format,
            quiet,
        )
    elif output is None and format is Format.text and swapped.diff:
        _show_next(ctx)


def _show(swapped: "Swapped", report: Report, *, explain: bool, to_stderr: bool, quiet: bool) -> None:
    from archlab.reporting.swaps import show_swapped

    if not quiet:
        show_swapped(sys.stderr if to_stderr else sys.stdout, swapped, report, explain=explain)


def _show_next(ctx: typer.Context) -> None:
    import shlex

    typed = shlex.join(["archlab", *sys.argv[1:]])
    say(f"\nWrite it:  {typed} -o swapped.cfg\nTrain it:  {typed} --train", err=True)


def _require_output(output: Path, base: Path, force: bool) -> None:
    """Raise OutputError where the new config may not or cannot be written; before anything is done."""
    if str(output) == "-":
        return
    if output.is_file() and base.exists() and output.samefile(base):
        raise OutputError(f"{output} is the base, which is never changed.", "Name another file.")
    require_output(output, "swapped.cfg", force=force)


def _write(swapped: "Swapped", base_text: str, output: Path) -> None:
    from archlab.configs.writing import config_text
    from archlab.results.files import write_text

    text = config_text(swapped.config, base_text)
    if str(output) == "-":
        hand_over(text)
    else:
        write_text(output, text)
        say(f"Written to {output}.", err=True)


def _train(
    ctx: typer.Context,
    config: Any,
    swapped: "Swapped",
    title: str | None,
    seeds: int,
    code: list[Path],
    gpu_id: int,
    jobs: int | None,
    pass_env: list[str],
    experiments: Path,
    format: Format,
    quiet: bool,
) -> None:
    from archlab.cli.interrupts import interruptible
    from archlab.cli.watching import watching
    from archlab.engines.driving import missing_runs, seed_of, train_variants
    from archlab.engines.running import Wanted
    from archlab.planning.runs import RunSettings, make_variant
    from archlab.planning.sweeps import ADHOC
    from archlab.reporting.terminal import make_console, show_table
    from archlab.training.device import find_device

    device, gpu = find_device(gpu_id)
    settings = {step.slot.short: step.slot.block for step in swapped.steps}
    variants = [
        make_variant(config, f"base {_in_short(step.before for step in swapped.steps)}".rstrip()),
        make_variant(swapped.config, title or _in_short(settings.values()), settings=settings),
    ]
    distinct = list({variant.variant_id: variant for variant in variants}.values())
    first = seed_of(config)
    runs = RunSettings(sweep=ADHOC, code=code, device=device, gpu_id=gpu).runs(
        distinct, [first + n for n in range(seeds)]
    )
    total = len(missing_runs(runs, experiments, Wanted(retry_failed=True)))
    with interruptible(), watching(total, quiet=quiet) as watcher:
        results = train_variants(
            distinct, runs, experiments=experiments, jobs=jobs, pass_env=pass_env, on_event=watcher
        )
    if format is Format.json:
        print_json(results.table().to_dict())
    else:
        show_table(make_console(sys.stdout), results.table())
    if results.failed:
        raise typer.Exit(RunsFailedError.exit_code)


def _in_short(blocks: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(name.removeprefix("spacy.") for name in blocks))


def _as_json(swapped: "Swapped", report: Report) -> dict[str, Any]:
    return {
        "swaps": [
            {"slot": step.slot.path, "before": step.before, "block": step.slot.block}
            for step in swapped.steps
        ],
        "diff": str(swapped.diff),
        "notes": [vars(note) for note in swapped.notes],
        "report": report.to_dict(),
    }
