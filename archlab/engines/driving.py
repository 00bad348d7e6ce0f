"""Train what is missing: brings plans, engines and the store together."""

import shutil
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from archlab.checking.checks import check
from archlab.checking.corpora import require_corpora
from archlab.configs.code import import_code
from archlab.configs.fingerprints import digest
from archlab.configs.loading import as_config, interpolated
from archlab.engines.base import Watcher, nobody
from archlab.engines.choosing import EngineOptions, make_engine
from archlab.engines.running import ALL, Driver, Wanted, adopt, handed_over
from archlab.engines.warm import read_ahead
from archlab.errors import CorpusError, MisfitError, OutputError, SweepError
from archlab.planning.plans import Plan, plan
from archlab.planning.runs import RunSettings, make_variant, run_config
from archlab.planning.sweeps import ADHOC, Sweep, load_sweep
from archlab.records import GridLimits, Placement, Rejected, Result, RunSpec, Variant
from archlab.results.collection import Results
from archlab.results.files import require_writable, write_json, write_text
from archlab.results.store import Store
from archlab.results.tables import Layout, Place, winners
from archlab.training.device import find_device

if TYPE_CHECKING:
    from confection import Config


def grid(
    sweep: Plan | Sweep | str | Path,
    engine: str = "local",
    jobs: int | None = None,
    gpu: int | None = None,
    *,
    code: Sequence[str | Path] = (),
    overrides: Mapping[str, Any] | None = None,
    experiments: str | Path | None = None,
    strict: bool = False,
    only: Sequence[str] = (),
    retry_failed: bool = False,
    rerun: bool = False,
    minutes: float | None = None,
    max_failures: int | None = None,
    changed_since: str | None = None,
    pass_env: Sequence[str] = (),
    speedups: bool = True,
    address: str = "auto",
    cpus_per_run: float = 1,
    gpus_per_run: float = 0,
    runtime_env: Mapping[str, Any] | None = None,
    on_event: Watcher = nobody,
) -> Results:
    """Plan a sweep, train what is missing, and give the results of all.

    sweep: a file, a sweep that has been read, or a plan, for which code, gpu and overrides are settled.
    engine: "local" (a process per run), "inline" (this process, for debuggers) or "ray" (a cluster's nodes).
    jobs: runs at once, default one per core, or as many as the cluster takes. gpu: None for the CPU. code:
    files that register blocks, imported here and in every run. strict: train nothing when a variant is
    rejected. only: rows of the table, with * for anything; the other variants are left as they are.
    retry_failed: train what failed again. rerun: train all again; an older result stands until then. minutes,
    max_failures: where the grid stops, in place of the sweep's own. changed_since: as for `plan`. pass_env:
    environment variables that every run gets besides those that a training needs. speedups: False for runs
    that do nothing else than spaCy does; they come to the same. address, cpus_per_run, gpus_per_run: for ray,
    host:port of its head, and what a run gets of a node; a part of a GPU will do. runtime_env: packages that
    Ray takes to its nodes, as its own `runtime_env` has them.

    Raises SweepError, ConfigError, CorpusError, DeviceError, ClusterError before anything starts, and
    InvalidError where another process runs the sweep; UnknownVariantError for a name in `only` that the sweep
    does not have; MisfitError when strict and a variant is rejected. Runs that fail are results, not
    exceptions.
    """
    options = EngineOptions(
        engine=engine,
        jobs=jobs,
        pass_env=pass_env,
        speedups=speedups,
        address=address,
        cpus_per_run=cpus_per_run,
        gpus_per_run=gpus_per_run or float(gpu is not None and gpu >= 0),
        runtime_env=runtime_env,
    )
    options.require()
    if isinstance(sweep, (str, Path)):
        sweep = load_sweep(sweep)
    ahead: AbstractContextManager[None] = nullcontext()
    if not isinstance(sweep, Plan):
        ahead = options.starting_ahead(sweep, gpu, code, experiments)
    with ahead:
        if not isinstance(sweep, Plan):
            sweep = plan_here(sweep, options, gpu, code, overrides, changed_since)
        if strict and sweep.rejected:
            labels = ", ".join(rejected.label for rejected in sweep.rejected)
            raise MisfitError(f"Nothing was trained: what does not fit is {labels}.")
        limits = sweep.sweep.grid_limits
        limits = replace(limits, minutes=minutes or limits.minutes, failures=max_failures or limits.failures)
        wanted = Wanted(only=tuple(only), retry_failed=retry_failed, rerun=rerun)
        options = replace(options, with_models=sweep.sweep.file.keep_models != "none")
        return _execute(sweep, options, experiments, wanted, limits, on_event)


def plan_here(
    sweep: Sweep,
    options: EngineOptions,
    gpu: int | None,
    code: Sequence[str | Path],
    overrides: Mapping[str, Any] | None,
    changed_since: str | None,
) -> Plan:
    """Plan a sweep for the device that its runs will be trained on, with its code imported here."""
    device, gpu_id = options.find_device(gpu)
    require_code(sweep, code)
    import_code(code)
    return plan(
        sweep, code=code, device=device, gpu_id=gpu_id, overrides=overrides, changed_since=changed_since
    )


def train(
    config: "Config",
    output: str | Path | None = None,
    gpu: int | None = None,
    seed: int | None = None,
    *,
    code: Sequence[str | Path] = (),
    experiments: str | Path | None = None,
    rerun: bool = False,
    pass_env: Sequence[str] = (),
    speedups: bool = True,
    on_event: Watcher = nobody,
) -> Result:
    """Train one config, in a process of its own, to what `spacy train` would give.

    output: a folder that gets a copy of model-best. seed: default training.seed. A run that is in the store
    already is not done again, unless rerun. pass_env: environment variables that the run gets besides those
    that a training needs. speedups: as for `grid`. Raises MisfitError where the config does not pass `check`.
    """
    import_code(code)
    report = check(config, for_training=True)
    if not report.ok:
        raise MisfitError("\n".join(f"{f.slot}: {f.message}" for f in report.errors), report.errors[0].fix)
    device, gpu_id = find_device(gpu)
    if output is not None:
        require_writable(Path(output))
    variants = [make_variant(config, "config")]
    settings = RunSettings(sweep=ADHOC, code=code, device=device, gpu_id=gpu_id)
    runs = settings.runs(variants, [seed_of(config) if seed is None else seed])
    (result,) = train_variants(
        variants,
        runs,
        experiments=experiments,
        rerun=rerun,
        pass_env=pass_env,
        speedups=speedups,
        on_event=on_event,
    )
    if output is not None and result.status == "done":
        copy_model(Store(ADHOC, experiments), result, Path(output))
    return result


def train_variants(
    variants: Sequence[Variant],
    runs: Sequence[RunSpec],
    *,
    experiments: str | Path | None = None,
    jobs: int | None = None,
    rerun: bool = False,
    pass_env: Sequence[str] = (),
    speedups: bool = True,
    on_event: Watcher = nobody,
) -> Results:
    """Train some variants outside a sweep; all models are kept. runs: as `RunSettings.runs` gives them."""
    sweep, score_name = runs[0].sweep, runs[0].score_name
    placements = [Placement(row=v.row, column=v.column, variant_id=v.variant_id) for v in variants]
    layout = _layout(sweep, score_name, placements, (), variants, runs)
    require_data(variants)
    store = Store(sweep, experiments)
    wanted, limits = Wanted(retry_failed=True, rerun=rerun), GridLimits(attempts=1)
    options = EngineOptions(jobs=jobs, pass_env=pass_env, speedups=speedups)
    with store.locked(spec.run_id for spec in runs):  # other trainings may go on beside this
        write_json(store.paths.plan, layout.to_dict(), synced=False)
        driver = _run(store, variants, runs, options, on_event, wanted, limits)
    return Results(layout, driver.known, store.paths, failed_again=tuple(driver.failed_again))


def _execute(
    planned: Plan,
    options: EngineOptions,
    experiments: str | Path | None,
    wanted: Wanted,
    limits: GridLimits,
    on_event: Watcher,
) -> Results:
    """Train what a plan has and the store has not, and give the results of all its runs."""
    runs = selected_runs(planned, wanted)
    if any(spec.fingerprints.data == runs[0].fingerprints.data for spec in runs[1:]):
        configs = {variant.variant_id: variant.config for variant in planned.variants}
        read_ahead(run_config(configs[runs[0].variant_id], runs[0].seed), runs[0])
    require_data(planned.variants)
    store = Store(planned.sweep.name, experiments)
    layout = replace(
        _layout(
            planned.sweep.name,
            planned.score_name,
            planned.placements,
            planned.rejected,
            planned.variants,
            planned.runs,
        ),
        scores_beside=planned.scores_beside,
    )
    with store.locked():
        write_text(store.paths.sweep, planned.sweep.source.text, synced=False)
        write_json(store.paths.plan, layout.to_dict(), synced=False)
        driver = _run(store, planned.variants, runs, options, on_event, wanted, limits)
        left_alone = {spec.run_id for spec in planned.runs} - {spec.run_id for spec in runs}
        others = {run_id: result for run_id in left_alone if (result := store.load(run_id)) is not None}
        known = driver.known | others
        if all(spec.run_id in known for spec in planned.runs):
            store.keep_models(planned.sweep.file.keep_models, winners(layout, known), known)
    return Results(layout, known, store.paths, driver.stopped, tuple(driver.failed_again))


def selected_runs(planned: Plan, wanted: Wanted) -> list[RunSpec]:
    """The runs of a plan that are wanted, whether there are results of them or not.

    Those that have not changed since the plan's revision are not.
    """
    names: dict[str, list[str]] = {}
    for place in planned.placements:
        names.setdefault(place.variant_id, []).extend({place.row, place.label})
    return [spec for spec in wanted.select(planned.runs, names) if spec.run_id not in planned.unchanged]


def missing_runs(
    runs: Sequence[RunSpec],
    experiments: str | Path | None = None,
    wanted: Wanted = ALL,
    attempts: int = GridLimits.attempts,
) -> list[RunSpec]:
    """Those runs that are still to be done, for lack of a result or because they are wanted again."""
    stores = {sweep: Store(sweep, experiments) for sweep in {spec.sweep for spec in runs}}
    return [spec for spec in runs if _settled(stores[spec.sweep], spec, wanted, attempts) is None]


def require_code(sweep: Sweep, code: Sequence[str | Path]) -> None:
    """Raise SweepError where a sweep says that it needs code which the user has not named."""
    if sweep.file.code and not code:
        files = " ".join(f"--code {sweep.path.parent / file}" for file in sweep.file.code)
        raise SweepError(
            f"{sweep.where('code')}: the sweep needs code, which is imported only when you say so.",
            f"Look at it, then add {files}",
        )


def require_data(variants: Iterable[Variant]) -> None:
    """Raise CorpusError unless the corpora of all variants are there and labelled; each is looked at once."""
    seen = set()
    for variant in variants:
        config = interpolated(as_config(variant.config))
        factories = {name: c.get("factory") for name, c in config["components"].items()}
        key = digest([config["corpora"], config["nlp"], factories])
        if key in seen:
            continue
        seen.add(key)
        try:
            require_corpora(config)
        except CorpusError as error:
            if variant.column is None:
                raise
            raise CorpusError(f"{variant.column}: {error.message}", error.hint) from None


def seed_of(config: "Config") -> int:
    """The config's own training.seed; 0 where it has none."""
    return int(interpolated(config)["training"]["seed"] or 0)


def copy_model(store: Store, result: Result, output: Path) -> Path:
    """Copy a run's model-best into a folder, in place of an older one; returns where it is."""
    model = store.paths.run(result.run_id).model
    if not model.is_dir():
        raise OutputError(
            f"The model of run {result.run_id} has been removed.", f"Remove {model.parent}, and train again."
        )
    target = output / "model-best"
    unfinished = output / "model-best.part"
    shutil.rmtree(unfinished, ignore_errors=True)
    shutil.copytree(model, unfinished)
    if target.exists():
        shutil.rmtree(target)
    unfinished.rename(target)
    return target


def _run(
    store: Store,
    variants: Iterable[Variant],
    runs: Sequence[RunSpec],
    options: EngineOptions,
    on_event: Watcher,
    wanted: Wanted,
    limits: GridLimits,
) -> Driver:
    """The driver that has done these runs, but for those that the store has settled."""
    adopt(store, runs)
    store.restore(spec.run_id for spec in runs)
    settled = {spec.run_id: _settled(store, spec, wanted, limits.attempts) for spec in runs}
    todo = [spec for spec in runs if settled[spec.run_id] is None]
    driver = Driver(
        store=store,
        engine=make_engine(options, store, todo, on_event),
        configs={variant.variant_id: variant.config for variant in variants},
        wanted=wanted,
        limits=limits,
        on_event=on_event,
        known={run_id: result for run_id, result in settled.items() if result is not None},
    )
    try:
        driver.do(todo)
    except KeyboardInterrupt:
        adopt(store, todo)
        raise
    return driver


def _settled(store: Store, spec: RunSpec, wanted: Wanted, attempts: int) -> Result | None:
    """The result of a run that is not to be done."""
    result = store.load(spec.run_id) or handed_over(store, spec)
    return result if wanted.settles(result, attempts) else None


def _layout(
    sweep: str,
    score_name: str,
    placements: Iterable[Placement],
    rejected: Iterable[Rejected],
    variants: Iterable[Variant],
    runs: Iterable[RunSpec],
) -> Layout:
    weights = {variant.variant_id: _score_weights(variant) for variant in variants}
    run_ids: dict[str, list[str]] = {}
    for spec in runs:
        run_ids.setdefault(spec.variant_id, []).append(spec.run_id)
    trained = [
        Place(
            row=p.row,
            column=p.column,
            variant_id=p.variant_id,
            run_ids=tuple(run_ids[p.variant_id]),
            score_weights=weights[p.variant_id],
        )
        for p in placements
    ]
    refused = [
        Place(row=r.row, column=r.column, variant_id=None, run_ids=(), rejected=r.findings[0].message)
        for r in rejected
    ]
    return Layout(sweep=sweep, score_name=score_name, places=(*trained, *refused))


def _score_weights(variant: Variant) -> tuple[tuple[str, float], ...]:
    """What the weighted score of a variant's config is made of: a weight of null or 0 adds nothing."""
    weights = interpolated(as_config(variant.config))["training"]["score_weights"]
    return tuple((name, float(weight)) for name, weight in weights.items() if weight)
