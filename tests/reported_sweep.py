"""A crossed sweep that nobody has trained, with all that a report shows: curves, logs, labels, documents."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from random import Random

from made_results import made_per_doc, made_result, made_spec

from archlab.records import Cost, Json, Reason, Result
from archlab.results.files import write_json, write_text
from archlab.results.store import Store
from archlab.results.tables import Layout, Place

DOCUMENTS = 60
EVALUATIONS = 6
HOSTILE = "<img src=x onerror=\"window.hacked='label'\"></script><script>window.hacked='script'</script>"
RIGHT_TO_LEFT = "קידוד תווים"
"""Character encoding, in Hebrew."""

HOSTILE_LINE = "\x1b]0;title\x07\x1b[31m<b>loss</b>\x1b[0m <!-- <script>window.hacked='log'</script>"


def reported_sweep(
    experiments: Path,
    *,
    embeds: Sequence[str] = ("base", "CharacterEmbed", HOSTILE),
    dropouts: Sequence[float] = (0.1, 0.3),
    seeds: int = 3,
    has_speed: bool = True,
    broken: frozenset[str] = frozenset(),
) -> Store:
    """A variant for each embedding and dropout. broken: rows whose runs have failed."""
    store = Store("demo", experiments)
    places: list[Place] = []
    for embed in embeds:
        for dropout in dropouts:
            settings = {"model.embed": embed, "training.dropout": dropout}
            parts = [embed] * (embed != "base") + [f"dropout={dropout}"] * (dropout != dropouts[0])
            row = ", ".join(parts) or "base Tok2Vec.v2"
            number = len(places)
            run_ids = tuple(f"{number:06x}{seed:06x}" for seed in range(seeds))
            places.append(Place(row=row, column=None, variant_id=f"{number:012x}", run_ids=run_ids))
            for seed, run_id in enumerate(run_ids):
                result = _result(run_id, number, seed, settings, row in broken)
                if not has_speed:
                    result = replace(result, cost=Cost(parameters=1000))
                _write(store, result, dropout)
    layout = Layout(sweep="demo", score_name="acc", places=tuple(places))
    write_json(store.paths.plan, layout.to_dict())
    write_text(store.paths.sweep, f"base: base.cfg\nseeds: {seeds}\n# </pre><b>not bold</b>\n")
    return store


def _result(run_id: str, number: int, seed: int, settings: Json, is_broken: bool) -> Result:
    made = made_result(made_spec(run_id, variant=number, seed=seed), labels=4)
    made = replace(made, variant=f"variant {number}", swaps=settings, score_name="acc")
    if is_broken:
        reason = Reason(kind="nan", message=f"the loss is NaN {HOSTILE}")
        return replace(made, status="failed", reason=reason, score=None, scores={})
    score = sum(_right(number, seed)) / DOCUMENTS
    labels = {**made.scores, HOSTILE: score, "acc": score, "score": score}
    speed = 10_000.0 * (1 + number % 7) + 10 * seed
    return replace(made, score=score, scores=labels, cost=replace(made.cost, words_per_second=speed))


def _right(number: int, seed: int) -> list[bool]:
    """Which documents a run gets right: the later variants more of them."""
    random = Random(f"{number} {seed}")
    return [random.random() < 0.5 + 0.4 * (number % 10) / 10 for _ in range(DOCUMENTS)]


def _write(store: Store, result: Result, dropout: float) -> None:
    paths = store.paths.run(result.run_id)
    write_json(paths.result, result.to_dict(), synced=False)
    config = f'[nlp]\nlang = "en"\npipeline = []\n\n[training]\ndropout = {dropout}\n'
    write_text(paths.config, config, synced=False)
    write_text(paths.log, f"Training begins\n{HOSTILE_LINE}\n", synced=False)
    if result.score is not None:
        number = int(result.variant_id, 16)
        write_json(paths.per_doc, made_per_doc(_right(number, result.seed)), synced=False)
        scores = [result.score * (1 - 0.5**step) for step in range(1, EVALUATIONS + 1)]
        lines = [json.dumps({"step": 20 * n, "scores": {"acc": score}}) for n, score in enumerate(scores)]
        write_text(paths.progress, "\n".join(lines) + "\n", synced=False)
