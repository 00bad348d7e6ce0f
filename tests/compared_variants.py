"""A store with two variants that can be compared: runs that nobody has trained, with counts per document."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from archlab.configs.fingerprints import content_digest
from archlab.records import Cost, Environment, Fingerprints, Json, Reason, Result, RunSpec, Seconds
from archlab.results.collection import Results, stored_results
from archlab.results.files import write_json
from archlab.results.recounting import prf_measure, recount
from archlab.results.store import Store
from archlab.results.tables import Layout, Place

PRINTS = Fingerprints(config="c", data="d", code="e", versions="v")
TEXTS = (
    "Ada Lovelace lived in London .",
    "Berlin is large .",
    "Grace Hopper worked for the Navy .",
    "Nothing happened\n\nhere .",
    "The Seine flows through Paris , and past Rouen .",
    "Alan Turing ran from Bletchley to London .",
)
SCORES = {f"ents_{key}": f"micro_{key}" for key in "prf"}

# For each seed and document: what of its entities is wrong or missing, (tp, fp, fn) by label.
Counts = Sequence[Mapping[str, tuple[int, int, int]]]
GOOD: Counts = (
    {"PER": (1, 0, 0), "LOC": (1, 0, 0)},
    {"LOC": (1, 0, 0)},
    {"PER": (1, 0, 0), "ORG": (1, 0, 0)},
    {},
    {"LOC": (3, 0, 0)},
    {"PER": (1, 0, 0), "LOC": (1, 0, 1)},
)
POOR: Counts = (
    {"PER": (1, 0, 0), "LOC": (1, 1, 0)},
    {"LOC": (0, 0, 1)},
    {"PER": (1, 0, 0), "ORG": (0, 0, 1)},
    {"PER": (0, 1, 0)},
    {"LOC": (2, 0, 1)},
    {"PER": (1, 0, 0), "LOC": (2, 0, 0)},
)

CONFIG = """[paths]
dev = "{dev}"

[nlp]
lang = "en"
pipeline = ["ner"]

[components]

[components.ner]
factory = "ner"

[components.ner.model]
@architectures = "spacy.TransitionBasedParser.v2"
hidden_width = {width}

[corpora]

[corpora.dev]
@readers = "spacy.Corpus.v1"
path = ${{paths.dev}}
gold_preproc = false

[training]
dev_corpus = "corpora.dev"
dropout = 0.1

[training.score_weights]
ents_f = 1.0
ents_p = null
"""


WEIGHTS = (("ents_f", 1.0),)
"""Those of that config."""


def per_doc(counts: Counts) -> Json:
    """What a run that counted so would leave."""
    rows = [(d, label, *found[label]) for d, found in enumerate(counts) for label in sorted(found)]
    words = [len(text.split(" ")) for text in TEXTS[: len(counts)]]
    measures = {"ents": prf_measure(rows, SCORES)}
    return {"schema_version": 1, "documents": len(counts), "words": words, "measures": measures}


def a_result(
    store: Store,
    run_id: str,
    variant: str,
    counts: Counts | None,
    *,
    cost: Cost | None = None,
    settings: Json | None = None,
) -> None:
    """A finished run, its seed the last letter of its id; a failed one where there are no counts."""
    found = None if counts is None else per_doc(counts)
    scores = {} if found is None else {**recount(found)}
    paths = store.paths.run(run_id)
    spec = RunSpec(
        run_id=run_id,
        variant_id=run_id[:-1],
        variant=variant,
        sweep=store.sweep,
        settings=settings or {},
        seed=int(run_id[-1]),
        device="cpu",
        gpu_id=-1,
        code=[],
        score_name="ents_f",
        fingerprints=PRINTS,
        files={str(Path("dev.spacy").resolve()): content_digest(Path("dev.spacy"))}
        if Path("dev.spacy").exists()
        else {},
    )
    width = 64 if run_id.startswith("a") else 128
    store.prepare(spec, CONFIG.format(dev="dev.spacy", width=width))
    if found is not None:
        write_json(paths.per_doc, found)
        scores["score"] = scores["ents_f"]
    store.record(
        Result(
            run_id=run_id,
            variant_id=spec.variant_id,
            variant=variant,
            swaps=settings or {},
            seed=spec.seed,
            status="done" if found else "failed",
            reason=None if found else Reason(kind="nan", message="the loss is NaN"),
            score=scores.get("ents_f"),
            score_name="ents_f",
            scores=scores,
            best_step=10,
            steps=10,
            epochs=1,
            cost=cost or Cost(),
            environment=Environment(),
            fingerprints=PRINTS,
            started=None,
            finished=None,
            attempt=1,
        )
    )


def a_cost(parameters: int, words_per_second: float) -> Cost:
    return Cost(
        parameters=parameters,
        model_bytes=4 * parameters,
        words_per_second=words_per_second,
        peak_memory_bytes=200_000_000,
        seconds=Seconds(total=parameters / 10_000),
    )


def a_plan(store: Store, rows: Mapping[str, Sequence[str]], score_name: str = "ents_f") -> None:
    places = tuple(
        Place(row=row, column=None, variant_id=run_ids[0][:-1], run_ids=tuple(run_ids), score_weights=WEIGHTS)
        for row, run_ids in rows.items()
    )
    write_json(store.paths.plan, Layout(sweep=store.sweep, score_name=score_name, places=places).to_dict())


def two_variants(seeds: int = 3) -> Results:
    """`base NER` (runs a0, a1 ...) and `wide` (b0 ...) of the sweep demo, in experiments/ here."""
    store = Store("demo")
    rows = {"base NER": [f"a{seed}" for seed in range(seeds)], "wide": [f"b{seed}" for seed in range(seeds)]}
    for seed in range(seeds):
        slip = seed % len(TEXTS)
        a_result(store, f"a{seed}", "base NER", GOOD, cost=a_cost(100_000, 2000.0))
        worse = [POOR[d] if d != slip else GOOD[d] for d in range(len(TEXTS))]
        a_result(store, f"b{seed}", "wide", worse, cost=a_cost(250_000, 1500.0 + seed))
    a_plan(store, rows)
    return stored_results("demo")


def write_dev_corpus() -> None:
    """dev.spacy here, with the texts."""
    import spacy
    from spacy.tokens import Doc, DocBin

    vocab = spacy.blank("en").vocab
    DocBin(docs=[Doc(vocab, words=text.split(" ")) for text in TEXTS]).to_disk("dev.spacy")
