"""How long does it take to plan and check a sweep of 1,000 variants?

    python benchmarks/check_sweep.py

Each repeat runs in processes of its own, so that nothing is known from the one before; imports and a first,
tiny sweep are not counted. Exits with 1 where types and structure take more than 2 CPU seconds.
"""

import json
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from pkgutil import resolve_name
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

REPEATS = 5
VARIANTS = 1000
MAX_CPU_SECONDS = 2.0

BASE = """
[nlp]
lang = "en"
pipeline = ["tok2vec", "tagger", "ner", "textcat"]

[components]

[components.tok2vec]
factory = "tok2vec"

[components.tok2vec.model]
@architectures = "spacy.Tok2Vec.v2"

[components.tok2vec.model.embed]
@architectures = "spacy.MultiHashEmbed.v2"
width = 96
attrs = ["NORM", "PREFIX", "SUFFIX", "SHAPE"]
rows = [5000, 1000, 2500, 2500]
include_static_vectors = false

[components.tok2vec.model.encode]
@architectures = "spacy.MaxoutWindowEncoder.v2"
width = 96
depth = 4
window_size = 1
maxout_pieces = 3

[components.tagger]
factory = "tagger"

[components.tagger.model]
@architectures = "spacy.Tagger.v2"

[components.tagger.model.tok2vec]
@architectures = "spacy.Tok2VecListener.v1"
width = ${components.tok2vec.model.encode.width}

[components.ner]
factory = "ner"

[components.ner.model]
@architectures = "spacy.TransitionBasedParser.v2"
state_type = "ner"
extra_state_tokens = false
hidden_width = 64
maxout_pieces = 2
use_upper = true

[components.ner.model.tok2vec]
@architectures = "spacy.Tok2VecListener.v1"
width = ${components.tok2vec.model.encode.width}

[components.textcat]
factory = "textcat"

[components.textcat.model]
@architectures = "spacy.TextCatReduce.v1"
exclusive_classes = true
use_reduce_first = false
use_reduce_last = false
use_reduce_max = false
use_reduce_mean = true

[components.textcat.model.tok2vec]
@architectures = "spacy.Tok2VecListener.v1"
width = ${components.tok2vec.model.encode.width}
"""

TINY = "base: base.cfg\nswaps:\n  textcat.model: [base, spacy.TextCatBOW.v3]\n"

# 5 x 5 x 4 x 5 x 2 variants. The tagger does not fit the textcat, nor an embed of width 64 its encode.
SWEEP = """
base: base.cfg
swaps:
  textcat.model:
    - base
    - spacy.TextCatBOW.v3
    - spacy.TextCatBOW.v3: {ngram_size: 2}
    - spacy.TextCatEnsemble.v2
    - spacy.Tagger.v2
  tok2vec.model.embed:
    - base
    - spacy.MultiHashEmbed.v2: {attrs: [NORM], rows: [2000]}
    - spacy.CharacterEmbed.v2
    - spacy.CharacterEmbed.v2: {nM: 32}
    - spacy.CharacterEmbed.v2: {width: 64}
  tok2vec.model.encode:
    - base
    - spacy.MaxoutWindowEncoder.v2: {depth: 2}
    - spacy.MishWindowEncoder.v2
    - spacy.TorchBiLSTMEncoder.v1
overrides:
  training.dropout: [0.0, 0.1, 0.2, 0.3, 0.4]
  training.optimizer.learn_rate: [0.001, 0.003]
"""

# Where a function is looked up -> its name -> what its share is called.
STAGES = {
    "archlab.planning.variants": {
        "apply_change": "swap",
        "fill_config": "fill",
        "make_variant": "name",
    },
    "archlab.planning.plans": {"check": "check", "merge_findings": "merge findings"},
    "archlab.planning.runs:RunSettings": {"runs": "list runs"},
}

Measured = dict[str, dict[str, float]]
"""Stage -> "cpu" and "wall" seconds."""


class Stopwatch:
    """The seconds spent in a few functions, whoever calls them."""

    def __init__(self) -> None:
        self.cpu: dict[str, float] = defaultdict(float)
        self.wall: dict[str, float] = defaultdict(float)

    def measure(self, stage: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def measured(*args: Any, **kwargs: Any) -> Any:
            cpu, wall = time.process_time(), time.perf_counter()
            try:
                return function(*args, **kwargs)
            finally:
                self.cpu[stage] += time.process_time() - cpu
                self.wall[stage] += time.perf_counter() - wall

        return measured

    def measured(self) -> Measured:
        return {stage: {"cpu": self.cpu[stage], "wall": self.wall[stage]} for stage in self.cpu}


def measure_plan(folder: Path) -> Measured:
    """The whole of `archlab.plan`, as a user waits for it. Leaves each checked config in `folder`."""
    import archlab
    from archlab.configs.loading import interpolated

    plans: Any = resolve_name("archlab.planning.plans")
    archlab.plan(folder / "tiny.yml", level="types")
    watch, checked = Stopwatch(), []
    for place, functions in STAGES.items():
        owner = resolve_name(place)
        for name, stage in functions.items():
            setattr(owner, name, watch.measure(stage, getattr(owner, name)))
    check = plans.check

    def keep_and_check(config: Any, *args: Any, **kwargs: Any) -> Any:
        checked.append(config)
        return check(config, *args, **kwargs)

    plans.check = keep_and_check
    planned = watch.measure("plan", archlab.plan)(folder / "sweep.yml", level="types")
    assert len(planned.variants) + len(planned.rejected) == len(checked) == VARIANTS
    assert planned.rejected
    (folder / "checked.json").write_text(json.dumps([interpolated(config) for config in checked]))
    return watch.measured()


def measure_check(folder: Path) -> Measured:
    """Types, structure, and each cause once, over the configs that `measure_plan` left."""
    import archlab
    from archlab.checking.checks import merge_findings
    from archlab.checking.structure import check_structure
    from archlab.checking.typing import check_types
    from archlab.memory import Memory
    from archlab.records import Report

    archlab.plan(folder / "tiny.yml", level="types")
    configs = json.loads((folder / "checked.json").read_text())
    watch, memory = Stopwatch(), Memory()

    def check_all() -> Report:
        types = watch.measure("types", lambda: [check_types(config, memory) for config in configs])()
        structure = watch.measure("structure", lambda: [check_structure(config) for config in configs])()
        reports = {
            str(n): Report((*one, *other))
            for n, (one, other) in enumerate(zip(types, structure, strict=True))
        }
        merged: Report = watch.measure("merge findings", merge_findings)(reports)
        return merged

    assert watch.measure("all", check_all)().errors
    return watch.measured()


def in_a_process_of_its_own(part: str, folder: Path) -> Measured:
    command = [sys.executable, __file__, part, str(folder)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    measured: Measured = json.loads(done.stdout)
    return measured


def summary(repeats: list[Measured], total: str) -> Measured:
    """The median of each stage; the total last, after what no stage counts."""
    stages = [stage for stage in repeats[0] if stage != total]
    medians = {
        stage: {clock: median(repeat[stage][clock] for repeat in repeats) for clock in ("cpu", "wall")}
        for stage in (*stages, total)
    }
    whole = medians.pop(total)
    rest = {clock: whole[clock] - sum(medians[stage][clock] for stage in stages) for clock in whole}
    return {**medians, "the rest": rest, total: whole}


def table(title: str, measured: Measured, total: str) -> str:
    lines = [f"{title:40}{'CPU s':>8}{'wall s':>8}{'share':>8}"]
    for stage, seconds in measured.items():
        share = seconds["cpu"] / measured[total]["cpu"]
        lines.append(f"  {stage:38}{seconds['cpu']:8.2f}{seconds['wall']:8.2f}{share:8.0%}")
    return "\n".join(lines)


def main() -> int:
    with TemporaryDirectory() as name:
        folder = Path(name)
        for file, text in (("base.cfg", BASE), ("sweep.yml", SWEEP), ("tiny.yml", TINY)):
            (folder / file).write_text(text)
        plans = [in_a_process_of_its_own("plan", folder) for _ in range(REPEATS)]
        checks = [in_a_process_of_its_own("check", folder) for _ in range(REPEATS)]
    check, plan = summary(checks, "all"), summary(plans, "plan")
    print(f"{VARIANTS:,} variants, median of {REPEATS} repeats\n")
    print(table("types and structure", check, "all"))
    print()
    print(table('archlab.plan(sweep, level="types")', plan, "plan"))
    if check["all"]["cpu"] <= MAX_CPU_SECONDS:
        return 0
    print(f"\nTypes and structure take more than {MAX_CPU_SECONDS} CPU seconds.", file=sys.stderr)
    return 1


PARTS = {"plan": measure_plan, "check": measure_check}

if __name__ == "__main__":
    if len(sys.argv) == 3:
        print(json.dumps(PARTS[sys.argv[1]](Path(sys.argv[2]))))
    else:
        sys.exit(main())
