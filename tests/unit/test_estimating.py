"""How long runs may take of variants that nobody has trained."""

from collections.abc import Iterator, Mapping
from itertools import pairwise, product
from math import exp, inf, isfinite, log, nan
from typing import Any

import pytest

from archlab.engines import estimating
from archlab.engines.estimating import Earlier, Estimator
from archlab.engines.workloads import features, leaves, read_leaves, work
from archlab.records import Json

BOW = {"@architectures": "spacy.TextCatBOW.v3", "length": 262144}
TRANSFORMER = {"@architectures": "spacy-transformers.TransformerModel.v3", "transformer_config": {}}
TINY_BERT = {**TRANSFORMER, "transformer_config": {"hidden_size": 32, "num_hidden_layers": 2}}
ROBERTA = {"@architectures": "spacy-curated-transformers.RobertaTransformer.v1", "hidden_width": 768}


def config(model: Json, **training: Any) -> Json:
    return {"components": {"textcat": {"model": model}}, "training": {"max_steps": 100, **training}}


def cnn(**arguments: Any) -> Json:
    usual = {"width": 96, "depth": 4, "window_size": 1, "maxout_pieces": 3}
    encode = {"@architectures": "spacy.MaxoutWindowEncoder.v2", **usual, **arguments}
    return {"@architectures": "spacy.TextCatReduce.v1", "tok2vec": {"encode": encode}}


def lstm(**arguments: Any) -> Json:
    return {"@architectures": "spacy.TorchBiLSTMEncoder.v1", "width": 96, "depth": 4, **arguments}


def estimates(configs: Mapping[str, Json], took: Mapping[str, float]) -> dict[str, float]:
    """Seconds of all, when those of some are known."""
    estimator = Estimator(configs)
    for variant, seconds in took.items():
        estimator.learn(variant, seconds)
    return {variant: exp(estimator.estimate(variant)) for variant in configs}


def earlier(*variants: Earlier) -> Iterator[Earlier]:
    yield from variants


@pytest.mark.parametrize(
    ("less", "more"),
    [
        (config(BOW), config(cnn())),
        (config(cnn()), config(TRANSFORMER)),
        (config(TINY_BERT), config(cnn())),
        (config(lstm(width=64)), config(lstm())),
        (config(cnn(maxout_pieces=2)), config(cnn())),
        (config(cnn(maxout_pieces=2)), config(lstm())),
        (config({**ROBERTA, "num_hidden_layers": 6}), config({**ROBERTA, "num_hidden_layers": 12})),
        (config(cnn(depth=2)), config(cnn(depth=8))),
        (config(cnn(width=64)), config(cnn(width=128))),
        (config(cnn(window_size=0)), config(cnn(window_size=1))),
        (config(cnn(), max_steps=100), config(cnn(), max_steps=200)),
        (config(cnn(), max_steps=20000), config(cnn(), max_steps=0)),
        (config({"@layers": "my.Layer.v1", "width": 64}), config({"@layers": "my.Layer.v1", "width": 128})),
    ],
)
def test_before_results_more_work_takes_longer(less: Json, more: Json) -> None:
    estimator = Estimator({"less": less, "more": more})
    assert estimator.estimate("less") < estimator.estimate("more")


def test_who_hears_a_transformer_does_not_do_its_work() -> None:
    listener = {"@architectures": "spacy-transformers.TransformerListener.v1", "grad_factor": 1.0}
    assert work(leaves(config(listener))) == work(leaves(config(BOW)))


def test_what_only_pretraining_uses_does_not_count() -> None:
    pretraining = {"pretraining": {"objective": cnn()}}
    assert work(leaves(config(BOW) | pretraining)) == work(leaves(config(BOW)))


def test_a_variable_counts_as_what_it_stands_for() -> None:
    flat = leaves({"vars": {"width": 128}, **config(cnn(width="${vars.width}"))})
    assert work(flat) == work(leaves(config(cnn(width=128)))) > work(leaves(config(cnn())))


EMBEDS: dict[str, Json] = {
    "spacy.MultiHashEmbed.v2": {"rows": [2000, 500]},
    "spacy.CharacterEmbed.v2": {"nM": 32, "nC": 8},
    "my.Embed.v1": {},
    "my.Other.v1": {"lower": True},
}
ENCODES: dict[str, Json] = {
    "spacy.MaxoutWindowEncoder.v2": {"width": 96, "depth": 4, "window_size": 1, "maxout_pieces": 3},
    "spacy.MishWindowEncoder.v2": {"width": 96, "depth": 4, "window_size": 1},
    "spacy.TorchBiLSTMEncoder.v1": {"width": 96, "depth": 2},
    "my.Encode.v1": {},
}
GRID = {
    f"{embed} {encode}": config(
        {
            "embed": {"@architectures": embed, **EMBEDS[embed]},
            "encode": {"@architectures": encode, **ENCODES[encode]},
        }
    )
    for embed, encode in product(EMBEDS, ENCODES)
}
TRUE = {
    f"{embed} {encode}": exp(a + b)
    for (embed, a), (encode, b) in product(
        zip(EMBEDS, (0.0, 1.9, 1.1, 0.3), strict=True), zip(ENCODES, (0.1, 0.75, 2.0, 1.4), strict=True)
    )
}


def test_what_choices_add_is_learned_from_some_of_their_combinations() -> None:
    """The work says the opposite: the encoder that takes most of it is the fastest."""
    learned = {name: TRUE[name] for n, name in enumerate(GRID) if n % 4 != (n // 4 + 2) % 4}
    rest = sorted(GRID.keys() - learned.keys(), key=lambda name: TRUE[name])
    found = estimates(GRID, learned)
    assert len(rest) == 4
    assert all(found[shorter] < found[longer] for shorter, longer in pairwise(rest))
    assert all(abs(log(found[name] / TRUE[name])) < 0.25 for name in rest)


def test_numbers_are_learned_along_their_logarithm() -> None:
    configs = {str(rows): config({**BOW, "length": rows}) for rows in (1000, 4000, 16000, 64000)}
    found = estimates(configs, {"1000": 1.0, "4000": 4.0})
    assert found["4000"] < found["16000"] < found["64000"]


def test_large_numbers_count_no_more_than_other_choices() -> None:
    """Two results differ in a name and in a number: either may be why."""
    blocks = {
        f"{name} {length}": config({"@architectures": name, "length": length})
        for name in ("a", "b")
        for length in (1, 10**9)
    }
    found = estimates(blocks, {"a 1": 1.0, f"b {10**9}": 9.0})
    assert found["b 1"] > found[f"a {10**9}"]


def test_steps_count_although_all_results_have_as_many() -> None:
    configs = {str(steps): config(BOW, max_steps=steps) for steps in (100, 1000, 0)} | {"b": config(cnn())}
    found = estimates(configs, {"100": 3.0, "b": 5.0})
    assert found["100"] < found["1000"] < found["0"]


def test_unlimited_steps_are_many() -> None:
    configs = {str(steps): config(BOW, max_steps=steps) for steps in (10, 100, 1000, 0)}
    assert estimates(configs, {"10": 1.0, "100": 10.0, "1000": 100.0})["0"] > 1000


def test_what_no_result_has_adds_nothing() -> None:
    """But its work: here there is none."""
    learned = {name: config({**BOW, "ngram_size": n}) for name, n in (("a", 1), ("b", 2), ("c", 4))}
    configs = learned | {"d": config({**BOW, "ngram_size": 2, "new": "unheard of"})}
    found = estimates(configs, {"a": 1.0, "b": 2.0, "c": 4.0})
    assert found["d"] == found["b"]


def test_seeds_do_not_count() -> None:
    seeded = [{"system": {"seed": n}, **config(cnn(), seed=n)} for n in (0, 7)]
    assert features(leaves(seeded[0])) == features(leaves(seeded[1]))


def test_one_result_leaves_the_order_to_the_work() -> None:
    configs = {"a": config(BOW), "b": config(cnn()), "c": config(TRANSFORMER)}
    found = estimates(configs, {"b": 5.0})
    assert found["b"] == pytest.approx(5.0)
    assert found["a"] < found["b"] < found["c"]


def test_runs_of_a_variant_count_by_their_mean() -> None:
    estimator = Estimator({"a": config(BOW)})
    for seconds in (2.0, 8.0):
        estimator.learn("a", seconds)
    assert exp(estimator.estimate("a")) == pytest.approx(4.0)


def test_equal_configs_have_equal_estimates_wherever_they_stand() -> None:
    """A product of matrices rounds its last rows otherwise."""
    models = [cnn(**{f"x{k}": (n + 1) * (k + 3) % 17 for k in range(9)}, width=50 + n) for n in range(337)]
    configs = {f"{n} {place}": config(model) for place in range(3) for n, model in enumerate(models)}
    found = estimates(configs, {f"{n} 0": 1 + n % 7 for n in range(168)})
    assert all(found[f"{n} 0"] == found[f"{n} {place}"] for n in range(337) for place in (1, 2))


def test_numbers_that_hardly_differ_leave_the_order_as_it_is() -> None:
    configs = {name: config(BOW, dropout=n / 1000) for n, name in enumerate("abcd")} | {"e": config(BOW)}
    found = estimates(configs, {"a": 1.0, "b": 8.0, "e": 20.0})
    assert found["a"] == found["b"] == found["c"] == found["d"]


def test_the_latest_are_learned_from(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(estimating, "LEARNED", 2)
    found = estimates({name: config(BOW) for name in "abc"}, {"a": 1000.0, "b": 2.0, "c": 2.0})
    assert found["a"] == pytest.approx(2.0)


def test_of_earlier_ones_the_oldest_are_forgotten_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(estimating, "LEARNED", 2)
    flat = leaves(config(BOW))
    configs = {"a": config(BOW), "b": config(BOW)}
    estimator = Estimator(configs, earlier(("new", 2.0, flat), ("old", 1000.0, flat)))
    estimator.estimate("b")
    estimator.learn("a", 2.0)
    assert exp(estimator.estimate("b")) == pytest.approx(2.0)


def test_who_has_no_config_has_no_estimate() -> None:
    assert Estimator().estimate("a") == Estimator({"b": config(BOW)}).estimate("a") == 0.0


ODD_NUMBERS: list[Any] = [10**400, -(10**400), inf, nan, -1, 1e-320, True, None, [], "96"]


@pytest.mark.parametrize("odd", ODD_NUMBERS, ids=repr)
def test_odd_numbers_are_no_obstacle(odd: Any) -> None:
    configs = {
        "a": config(cnn(width=odd, depth=odd), max_steps=odd, dropout=odd),
        "b": config({"@architectures": odd}, dropout=0.1),
        "c": config(TRANSFORMER),
    }
    assert all(isfinite(seconds) for seconds in estimates(configs, {"a": 1.0, "b": 9.0}).values())


def test_earlier_variants_are_learned_from() -> None:
    slow = ("old", 90.0, leaves(config({**BOW, "lower": True})))
    fast = ("older", 1.0, leaves(config(cnn())))
    estimator = Estimator({"bow": config(BOW), "cnn": config(cnn(depth=2))}, earlier(slow, fast))
    assert estimator.estimate("bow") > estimator.estimate("cnn")


def test_what_a_variant_took_in_this_grid_counts_for_what_it_took_before() -> None:
    estimator = Estimator({"a": config(BOW)}, earlier(("a", 100.0, leaves(config(BOW)))))
    estimator.learn("a", 2.0)
    assert exp(estimator.estimate("a")) == pytest.approx(2.0)


def test_earlier_ones_are_read_when_something_is_estimated_and_no_more_than_are_learned_from(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(estimating, "LEARNED", 3)
    rest = earlier(*((str(n), 1.0, leaves(config(BOW))) for n in range(9)))
    estimator = Estimator({"a": config(BOW), "b": config(cnn())}, rest)
    estimator.learn("a", 2.0)
    assert estimator.estimate("unknown") == 0.0
    assert next(rest)[0] == "0"
    estimator.estimate("b")
    assert next(rest)[0] == "3"


TEXT = """\
[training]
max_steps = 100
seed = 3
dropout = ${vars.dropout}

[training.batcher]
sizes = [1, {"seed": 2, "stop": null}]

[vars]
dropout = 0.5
name = "a = b"
"""


def test_leaves_are_read_from_the_text_of_a_run() -> None:
    assert read_leaves(TEXT) == {
        "training.max_steps": 100,
        "training.dropout": 0.5,
        "training.batcher.sizes.0": 1,
        "training.batcher.sizes.1.stop": None,
        "vars.dropout": 0.5,
        "vars.name": "a = b",
    }


@pytest.mark.parametrize("text", ["", "\0\ufffd", "no config", "[nlp]\n", "[" * 9999])
def test_no_leaves_are_read_from_what_is_no_config(text: str) -> None:
    assert read_leaves(text) == {}


def test_values_that_are_no_json_are_text() -> None:
    deep = "[" * 100_000
    assert read_leaves(f"[a]\nx = {deep}\ny = nothing\n") == {"a.x": deep, "a.y": "nothing"}
