"""archlab cache-key: the name under which CI keeps the results of a sweep."""

from pathlib import Path
from typing import Annotated

import typer

from archlab.cli.options import Code, Gpu, read_overrides
from archlab.cli.saying import say


def cache_key(
    ctx: typer.Context,
    sweep: Annotated[Path, typer.Argument(metavar="SWEEP", help="The sweep file.")],
    gpu_id: Gpu = -1,
    code: Code = None,
) -> None:
    """Print a key that changes exactly when results of the sweep would be others.

    It is archlab-<sweep>-<12 hex digits>, from the identities of all planned runs: config, data, code,
    seeds, device and versions. What stands before the last - finds the results of an older state, of which
    every run that is still the same is not trained again. Nothing is trained. Variants that do not fit have
    no runs, and are told on stderr. Exit code 3 where the sweep cannot be planned.

    \b
    archlab cache-key configs/sweep.yml
    archlab cache-key configs/sweep.yml --code blocks.py --training.max_steps 200
    """
    import archlab
    from archlab.configs.code import import_code
    from archlab.engines.driving import require_code
    from archlab.reporting.numbers import counted
    from archlab.training.device import find_device

    overrides = read_overrides(ctx)
    loaded = archlab.load_sweep(sweep)
    require_code(loaded, code or ())
    device, gpu = find_device(gpu_id)
    import_code(code or ())
    planned = archlab.plan(loaded, code=code or (), device=device, gpu_id=gpu, overrides=overrides)
    if planned.rejected:
        rejected = counted(planned.rejected, "rejected variant")
        say(f"left out: {rejected}, without runs. Why: archlab check {sweep}", err=True)
    say(planned.cache_key)
