"""Does the CI gate find what has become worse, and does it keep quiet where nothing has?

    python benchmarks/planted_regressions.py CORPUS --into FOLDER [--seeds 60] [--jobs 1]

CORPUS: the folder with banking77's train.spacy and dev.spacy. A TextCatReduce is trained on 4,000 documents
for 200 steps, with 3 seeds, and made the baseline. Then `archlab.regress` judges it with the width halved, a
dropout of .9, the labels of a tenth of the training data redrawn, and a learning rate ten times as high, or
low: each must be found.

For false alarms the unchanged pipeline is trained with many other seeds. Six runs make one repeat, three of
them the baseline. There are as many repeats without a run in common as the seeds allow; and 100, and 2,000,
whose runs are drawn by chance, so that runs are used several times. The script fails where a planted
regression is not found, or where more than ten of the 100 are alarms: at a rate of 5%, that happens once in
90 times.

Started again with the same FOLDER it trains only what is missing. About 11 CPU seconds a run.
"""

import argparse
import sys
from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path
from random import Random

import archlab
from archlab.planning.gate_rules import GateRules
from archlab.results.baselines import Baseline
from archlab.results.gate_findings import Finding
from archlab.results.regressions import judge
from archlab.results.snapshots import ScoreSnapshot, Snapshot, SweepSnapshot, take_snapshot

TRAIN, REDRAWN = 4000, 400
SEEDS = 3
SCORE = "cats_macro_f"
MOST_ALARMS = 10

BASE = """\
[paths]
train = "{train}"
dev = "{dev}"

[nlp]
lang = "en"
pipeline = ["textcat"]

[components]

[components.textcat]
factory = "textcat"

[components.textcat.model]
@architectures = "spacy.TextCatReduce.v1"
exclusive_classes = true
use_reduce_first = false
use_reduce_last = false
use_reduce_max = true
use_reduce_mean = true

[components.textcat.model.tok2vec]
@architectures = "spacy.HashEmbedCNN.v2"
pretrained_vectors = null
width = 64
depth = 2
embed_size = 2000
window_size = 1
maxout_pieces = 3
subword_features = true

[corpora]

[corpora.train]
@readers = "spacy.Corpus.v1"
path = ${{paths.train}}

[corpora.dev]
@readers = "spacy.Corpus.v1"
path = ${{paths.dev}}

[training]
max_steps = 200
eval_frequency = 200
dropout = 0.1

[training.batcher]
@batchers = "spacy.batch_by_sequence.v1"
size = 64

[training.optimizer]
@optimizers = "Adam.v1"
learn_rate = 0.005
"""

SWEEP = """\
name: {name}
base: base.cfg
score: {score}
seeds: {seeds}
keep_models: none
"""


def planted(folder: Path) -> dict[str, dict[str, object]]:
    """What is planted, as overrides of the base."""
    return {
        "width halved": {"components.textcat.model.tok2vec.width": 32},
        "dropout .9": {"training.dropout": 0.9},
        "labels of a tenth redrawn": {"paths.train": str(folder / "redrawn.spacy")},
        "learning rate ten times as high": {"training.optimizer.learn_rate": 0.05},
        "learning rate a tenth": {"training.optimizer.learn_rate": 0.0005},
    }


def write_corpora(corpus: Path, folder: Path) -> None:
    """train.spacy, 4,000 documents of the corpus; redrawn.spacy, the same with 400 labels drawn anew."""
    import spacy
    from spacy.tokens import DocBin

    nlp = spacy.blank("en")
    docs = list(DocBin().from_disk(corpus / "train.spacy").get_docs(nlp.vocab))
    random = Random(0)
    random.shuffle(docs)
    docs = docs[:TRAIN]
    DocBin(docs=docs).to_disk(folder / "train.spacy")
    labels = [max(doc.cats, key=lambda label: doc.cats[label]) for doc in docs]
    for number in random.sample(range(TRAIN), REDRAWN):
        new = random.choice(sorted(set(labels) - {labels[number]}))
        docs[number].cats = {label: float(label == new) for label in docs[number].cats}
    DocBin(docs=docs).to_disk(folder / "redrawn.spacy")


def write_sweep(folder: Path, name: str, seeds: int | list[int]) -> Path:
    path = folder / f"{name}.yml"
    path.write_text(SWEEP.format(name=name, score=SCORE, seeds=seeds), encoding="utf8")
    return path


def told(finding: Finding) -> str:
    return (
        f"{finding.before:.3f} | {finding.after:.3f} | {finding.difference:+.3f} | "
        f"{finding.low:+.3f} to {finding.high:+.3f} | {finding.p:.4f} | {finding.status}"
    )


def find_planted(folder: Path, jobs: int) -> list[str]:
    """Judge each planted regression; gives those that were not found."""
    sweep = write_sweep(folder, "planted", SEEDS)
    experiments = folder / "experiments"
    archlab.regress(sweep, update="before anything is planted", experiments=experiments, jobs=jobs)
    size = (experiments / "planted" / "baseline.json").stat().st_size
    print(f"\nbaseline.json has {size:,} bytes\n")
    print("| planted | baseline | now | difference | interval of 95% | p | verdict |\n" + "| --- " * 7 + "|")
    missed = []
    for name, overrides in planted(folder).items():
        verdict = archlab.regress(sweep, overrides=overrides, experiments=experiments, jobs=jobs)
        (finding,) = (one for one in verdict.findings if one.rule == "noise")
        print(f"| {name} | {told(finding)} |", flush=True)
        missed += [] if finding.fails else [name]
    return missed


def unchanged(folder: Path, seeds: int, jobs: int) -> SweepSnapshot:
    """The same pipeline with other seeds than those of the planted."""
    sweep = write_sweep(folder, "unchanged", list(range(100, 100 + seeds)))
    return take_snapshot(archlab.grid(sweep, experiments=folder / "experiments", jobs=jobs), [SCORE])


def with_seeds(place: Snapshot, seeds: Iterable[int]) -> Snapshot:
    """A place as it would be with some of its seeds alone."""
    score, chosen = place.scores[SCORE], list(seeds)
    kept = ScoreSnapshot(
        seeds={seed: score.seeds[seed] for seed in chosen},
        documents={seed: score.documents[seed] for seed in chosen},
    )
    return place.model_copy(update={"scores": {SCORE: kept}})


def is_alarm(found: SweepSnapshot, drawn: Sequence[int], tolerance: float) -> bool:
    """Whether the gate fails where the first half of the seeds is the baseline, and the others are now."""
    (place,) = found.places
    half = len(drawn) // 2
    before, now = (
        found.model_copy(update={"places": (with_seeds(place, seeds),)})
        for seeds in (drawn[:half], drawn[half:])
    )
    rules = GateRules(tolerance=tolerance)
    today = date(2026, 1, 1)
    return not judge(Baseline.of(before, "drawn", today), now, rules, rules.of(SCORE), today).passed


def disjoint(seeds: Sequence[int]) -> list[Sequence[int]]:
    """Sixes without a seed in common."""
    shuffled = Random(0).sample(seeds, len(seeds))
    return [shuffled[start : start + 2 * SEEDS] for start in range(0, len(seeds) - 2 * SEEDS + 1, 2 * SEEDS)]


def drawn(seeds: Sequence[int], repeats: int) -> list[Sequence[int]]:
    """Sixes drawn by chance."""
    random = Random(repeats)
    return [random.sample(seeds, 2 * SEEDS) for _ in range(repeats)]


def count_alarms(found: SweepSnapshot) -> int:
    """Tell the alarms of all repeats; gives those of 100 at the default tolerance."""
    seeds = sorted(found.places[0].scores[SCORE].seeds)
    kinds = {
        "without a run in common": disjoint(seeds),
        "drawn": drawn(seeds, 100),
        "drawn ": drawn(seeds, 2000),
    }
    print(f"\n{len(seeds)} runs of the unchanged pipeline\n")
    print("| repeats | how many | alarms at tolerance .01 | at tolerance 0 |\n| --- | ---: | ---: | ---: |")
    of_hundred = 0
    for name, repeats in kinds.items():
        counts = [sum(is_alarm(found, six, tolerance) for six in repeats) for tolerance in (0.01, 0.0)]
        print(f"| {name.strip()} | {len(repeats)} | {counts[0]} | {counts[1]} |", flush=True)
        of_hundred = counts[0] if len(repeats) == 100 else of_hundred
    return of_hundred


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--into", type=Path, required=True)
    parser.add_argument("--seeds", type=int, default=60)
    parser.add_argument("--jobs", type=int, default=1)
    options = parser.parse_args()
    folder = options.into.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "redrawn.spacy").exists():
        write_corpora(options.corpus, folder)
    base = BASE.format(train=folder / "train.spacy", dev=(options.corpus / "dev.spacy").resolve())
    (folder / "base.cfg").write_text(base, encoding="utf8")
    missed = find_planted(folder, options.jobs)
    alarms = count_alarms(unchanged(folder, options.seeds, options.jobs))
    if missed:
        print(f"not found: {', '.join(missed)}")
    if alarms > MOST_ALARMS:
        print(f"{alarms} alarms in 100 repeats are more than {MOST_ALARMS}")
    return int(bool(missed) or alarms > MOST_ALARMS)


if __name__ == "__main__":
    sys.exit(main())
