"""Results of runs that nobody has trained, as a textcat leaves them: to test the store, and to time it."""

from collections.abc import Sequence
from random import Random

from archlab.records import Cost, Environment, Fingerprints, Json, Result, RunSpec, Seconds
from archlab.results.recounting import prf_measure

PRINTS = Fingerprints(config="c" * 12, data="d" * 12, code="e" * 12, versions="f" * 12)
VERSIONS = dict.fromkeys(("spacy", "spacy-legacy", "thinc", "numpy", "torch", "archlab"), "3.8.18")


def made_spec(run_id: str = "run1", *, variant: int = 0, seed: int = 0) -> RunSpec:
    return RunSpec(
        run_id=run_id,
        variant_id=f"{variant:012x}",
        variant=f"TextCatBOW.v3, ngram_size={variant}",
        sweep="demo",
        settings={"textcat.model": {"@architectures": "spacy.TextCatBOW.v3", "ngram_size": variant}},
        seed=seed,
        device="cpu",
        gpu_id=-1,
        code=[],
        score_name="cats_macro_f",
        fingerprints=PRINTS,
    )


def made_scores(labels: int, random: Random) -> Json:
    """What spaCy's scorer gives for a textcat of so many labels, and the weighted score."""
    names = [f"label_of_the_intent_{number}" for number in range(labels)]
    flat = [f"cats_{name}" for name in ("score", *(f"{m}_{k}" for m in ("micro", "macro") for k in "prf"))]
    return {
        "token_acc": 1.0,
        **{name: random.random() for name in flat},
        "cats_macro_auc": random.random(),
        "cats_f_per_type": {name: {key: random.random() for key in "prf"} for name in names},
        "cats_auc_per_type": {name: random.random() for name in names},
        "score": random.random(),
    }


def made_result(spec: RunSpec, labels: int = 3) -> Result:
    """A finished run; the same for the same spec."""
    scores = made_scores(labels, Random(f"{spec.variant_id} {spec.seed}"))
    seconds = Seconds(
        start=2.25, data=0.5, initialize=1.5, update=30.125, evaluate=5.5, save=0.25, total=40.5
    )
    return Result(
        run_id=spec.run_id,
        variant_id=spec.variant_id,
        variant=spec.variant,
        swaps=spec.settings,
        seed=spec.seed,
        status="done",
        reason=None,
        score=scores[spec.score_name],
        score_name=spec.score_name,
        scores=scores,
        best_step=150,
        steps=200,
        epochs=2,
        cost=Cost(
            parameters=20185165,
            model_bytes=80741034,
            words_per_second=31234.5,
            words_per_second_passes=(30012.5, 31234.5, 32100.0),
            peak_memory_bytes=612_345_678,
            seconds=seconds,
        ),
        environment=Environment(versions=VERSIONS, python="3.11.9", device="cpu", threads=1),
        fingerprints=spec.fingerprints,
        started="2026-01-02T03:04:05+00:00",
        finished="2026-01-02T03:04:45+00:00",
        attempt=spec.attempt,
    )


def made_per_doc(right: Sequence[bool], score_name: str = "acc", *, schema_version: int = 1) -> Json:
    """The counts of an accuracy: which documents a run has right."""
    rows = [(document, None, int(is_right), 1 - is_right, 0) for document, is_right in enumerate(right)]
    measure = prf_measure(rows, {score_name: "micro_p"}, labelled=False)
    return {
        "schema_version": schema_version,
        "documents": len(right),
        "words": [1] * len(right),
        "measures": {"acc": measure},
    }
