"""What a swap does to the rest of the config: widths, listeners, several swaps at once."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import archlab
from archlab.configs.filling import fill_config
from archlab.configs.fingerprints import variant_id
from archlab.configs.loading import override_config, parse_config
from archlab.configs.slotting import get_section
from archlab.configs.swapping import Change
from archlab.errors import ConfigError, SwapError, UnknownBlockError, UnknownSlotError
from archlab.records import Setting, Swap

if TYPE_CHECKING:
    from confection import Config

EMBED, ENCODE = "tok2vec.model.embed", "tok2vec.model.encode"
HEAR = "components.tagger.model.tok2vec"

SHARED = """
[nlp]
lang = "en"
pipeline = ["tok2vec", "tagger", "topics"]

[components]

[components.tok2vec]
factory = "tok2vec"

[components.tok2vec.model]
@architectures = "spacy.Tok2Vec.v2"

[components.tok2vec.model.embed]
@architectures = "spacy.MultiHashEmbed.v2"
width = ${components.tok2vec.model.encode.width}
attrs = ["NORM"]
rows = [100]
include_static_vectors = false

[components.tok2vec.model.encode]
@architectures = "spacy.MaxoutWindowEncoder.v2"
width = 48
depth = 3
window_size = 1
maxout_pieces = 2

[components.tagger]
factory = "tagger"

[components.tagger.model]
@architectures = "spacy.Tagger.v2"

[components.tagger.model.tok2vec]
@architectures = "spacy.Tok2VecListener.v1"
width = 48

[components.topics]
factory = "textcat"

[components.topics.model]
@architectures = "spacy.TextCatBOW.v3"
exclusive_classes = true
ngram_size = 2
no_output_layer = false
"""


@pytest.fixture
def shared() -> "Config":
    return fill_config(parse_config(SHARED))


@pytest.fixture
def own(shared: "Config") -> "Config":
    """The tagger with a tok2vec of its own."""
    return archlab.swap(shared, "tagger.model.tok2vec", "spacy.Tok2Vec.v2").config


def pipeline(config: "Config") -> list[str]:
    return list(config["nlp"]["pipeline"])


def meaning(config: "Config") -> str:
    return variant_id(config.interpolate())


class TestWidths:
    @pytest.mark.parametrize("slot", [EMBED, ENCODE])
    def test_a_width_that_was_typed_is_followed_by_encoder_and_listeners(
        self, shared: "Config", slot: str
    ) -> None:
        block = "spacy.CharacterEmbed.v2" if slot == EMBED else "spacy.MishWindowEncoder.v2"
        swapped = archlab.swap(shared, slot, block, width=32)
        values = swapped.config.interpolate()
        widths = [get_section(values, f"components.{path}.width") for path in (EMBED, ENCODE)]
        assert [*widths, get_section(values, f"{HEAR}.width")] == [32, 32, 32]
        told = {note.path: note.source for note in swapped.notes}
        assert told[f"{HEAR}.width"] == "in step with tok2vec.model.encode.width"
        assert archlab.check(swapped.config).errors == ()

    def test_a_variable_of_the_base_stays_where_it_says_the_same(self, shared: "Config") -> None:
        swapped = archlab.swap(shared, EMBED, "spacy.CharacterEmbed.v2", width=32)
        variable = "${components.tok2vec.model.encode.width}"
        assert get_section(swapped.config, f"components.{EMBED}.width") == variable

    def test_a_width_that_others_share_stays_theirs(self, shared: "Config") -> None:
        base = override_config(shared, {"vars.width": 48, f"components.{ENCODE}.width": "${vars.width}"})
        swapped = archlab.swap(base, EMBED, "spacy.CharacterEmbed.v2", width=32)
        assert get_section(swapped.config, "vars.width") == 48
        assert get_section(swapped.config, f"components.{ENCODE}.width") == 32

    def test_what_was_out_of_step_in_the_base_is_left_for_the_check(self, shared: "Config") -> None:
        base = override_config(shared, {f"{HEAR}.width": 7})
        swapped = archlab.swap(base, ENCODE, "spacy.MishWindowEncoder.v2")
        assert get_section(swapped.config, f"{HEAR}.width") == 7

    def test_another_kind_of_tok2vec_is_as_wide_as_the_one_before(self, shared: "Config") -> None:
        swapped = archlab.swap(shared, "tok2vec.model", "spacy.HashEmbedCNN.v2")
        model = get_section(swapped.config, "components.tok2vec.model")
        assert (model["width"], model["depth"], model["maxout_pieces"]) == (48, 3, 2)
        assert archlab.check(swapped.config).errors == ()

    def test_how_deep_a_cnn_was_says_nothing_of_an_lstm(self, shared: "Config") -> None:
        swapped = archlab.swap(shared, ENCODE, "spacy.TorchBiLSTMEncoder.v1")
        assert get_section(swapped.config, f"components.{ENCODE}.depth") == 2


class TestListeners:
    def test_a_listener_that_goes_leaves_a_copy_and_what_nobody_hears_goes(self, shared: "Config") -> None:
        swapped = archlab.swap(shared, "tagger.model.tok2vec", "spacy.Tok2Vec.v2")
        inner = get_section(swapped.config, HEAR)
        assert inner["embed"]["width"] == f"${{{HEAR}.encode.width}}"
        assert (inner["embed"]["rows"], inner["encode"]["depth"]) == ([100], 3)
        assert pipeline(swapped.config) == ["tagger", "topics"]
        assert "tok2vec" not in swapped.config["components"]
        sources = [note.source for note in swapped.notes if note.path == "components.tok2vec"]
        assert sources == ["nobody listens to it any more: removed"]
        assert archlab.check(swapped.config).errors == ()

    def test_there_and_back_again_is_the_same_config(self, shared: "Config", own: "Config") -> None:
        back = archlab.swap(own, "tagger.model.tok2vec", "spacy.Tok2VecListener.v1")
        assert pipeline(back.config) == pipeline(shared)
        assert meaning(back.config) == meaning(shared)

    def test_one_whom_another_hears_stays(self, shared: "Config") -> None:
        both = archlab.swap(shared, "topics.model", "spacy.TextCatReduce.v1", tok2vec="shared").config
        swapped = archlab.swap(both, "tagger.model.tok2vec", "spacy.HashEmbedCNN.v2")
        assert pipeline(swapped.config) == ["tok2vec", "tagger", "topics"]

    def test_one_that_nobody_heard_before_stays_and_one_that_is_pretrained(self, shared: "Config") -> None:
        useless = override_config(shared, {"nlp.pipeline": ["tagger", "tok2vec", "topics"]})
        swapped = archlab.swap(useless, "topics.model", "spacy.TextCatBOW.v2")
        assert "tok2vec" in pipeline(swapped.config)
        pretrained = override_config(shared, {"pretraining.component": "tok2vec"})
        swapped = archlab.swap(pretrained, "tagger.model.tok2vec", "spacy.HashEmbedCNN.v2")
        assert "tok2vec" in pipeline(swapped.config)

    def test_what_needs_a_tok2vec_listens_where_there_is_a_shared_one(self, shared: "Config") -> None:
        swapped = archlab.swap(shared, "topics.model", "spacy.TextCatReduce.v1")
        inner = get_section(swapped.config, "components.topics.model.tok2vec")
        assert inner["@architectures"] == "spacy.Tok2VecListener.v1"
        assert inner["width"] == "${components.tok2vec.model.encode.width}"

    @pytest.mark.parametrize("base", ["shared", "own"])
    @pytest.mark.parametrize("choice", ["shared", "own"])
    def test_own_or_shared_as_asked(self, base: str, choice: str, request: pytest.FixtureRequest) -> None:
        config = request.getfixturevalue(base)
        swapped = archlab.swap(config, "topics.model", "spacy.TextCatReduce.v1", tok2vec=choice)
        inner = get_section(swapped.config, "components.topics.model.tok2vec")
        assert (inner["@architectures"] == "spacy.Tok2VecListener.v1") == (choice == "shared")
        assert ("tok2vec" in pipeline(swapped.config)) == ("shared" in (choice, base))
        assert archlab.check(swapped.config).errors == ()

    def test_the_block_that_is_there_may_be_told_to_share(self, own: "Config") -> None:
        swapped = archlab.swap(own, "tagger.model", "spacy.Tagger.v2", tok2vec="shared")
        assert pipeline(swapped.config) == ["tok2vec", "tagger", "topics"]
        assert get_section(swapped.config, "components.tok2vec.model.embed.rows") == [100]
        back = archlab.swap(swapped.config, "tagger.model", "spacy.Tagger.v2", tok2vec="own")
        assert meaning(back.config) == meaning(own)

    def test_only_own_shared_and_blocks_are_tok2vecs(self, shared: "Config") -> None:
        with pytest.raises(SwapError, match="tok2vec = owned is neither own nor shared"):
            archlab.swap(shared, "topics.model", "spacy.TextCatReduce.v1", tok2vec="owned")

    def test_a_sublayer_does_not_listen_beside_its_model(self, shared: "Config") -> None:
        whole = archlab.swap(shared, "topics.model", "spacy.TextCatEnsemble.v2").config
        swapped = archlab.swap(whole, "topics.model.linear_model", "spacy.TextCatReduce.v1")
        inner = get_section(swapped.config, "components.topics.model.linear_model.tok2vec")
        assert inner["@architectures"] == "spacy.HashEmbedCNN.v2"

    def test_a_bag_of_words_has_no_tok2vec_to_share(self, shared: "Config") -> None:
        with pytest.raises(SwapError, match="has no argument tok2vec"):
            archlab.swap(shared, "topics.model", "spacy.TextCatBOW.v2", tok2vec="own")

    def test_one_whom_a_disabled_component_hears_stays(self, shared: "Config") -> None:
        both = archlab.swap(shared, "topics.model", "spacy.TextCatReduce.v1", tok2vec="shared").config
        disabled = override_config(both, {"nlp.disabled": ["topics"]})
        swapped = archlab.swap(disabled, "tagger.model.tok2vec", "spacy.HashEmbedCNN.v2")
        assert "tok2vec" in pipeline(swapped.config)

    def test_where_there_are_two_the_listener_says_which(self, shared: "Config") -> None:
        model = get_section(shared, "components.tok2vec")
        two = override_config(shared, {"components.other": model})
        two = override_config(two, {"nlp.pipeline": ["tok2vec", "other", "tagger", "topics"]})
        swapped = archlab.swap(two, "topics.model", "spacy.TextCatReduce.v1")
        assert get_section(swapped.config, "components.topics.model.tok2vec.upstream") == "other"

    def test_one_that_comes_too_late_is_not_doubled(self, own: "Config", shared: "Config") -> None:
        late = override_config(shared, {"nlp.pipeline": ["topics", "tok2vec", "tagger"]})
        with pytest.raises(SwapError, match=r"tok2vec comes after it .*\nMove it first: --nlp.pipeline"):
            archlab.swap(late, "topics.model", "spacy.TextCatReduce.v1", tok2vec="shared")
        reduce = archlab.swap(late, "topics.model", "spacy.TextCatReduce.v1").config
        with pytest.raises(SwapError, match="comes after it"):
            archlab.swap(reduce, "topics.model.tok2vec", "spacy.Tok2VecListener.v1")
        with pytest.raises(SwapError, match="there is no tok2vec tok2vce to listen to"):
            archlab.swap(own, "tagger.model.tok2vec", "spacy.Tok2VecListener.v1", upstream="tok2vce")


class TestBack:
    @pytest.mark.parametrize(
        "wrapper", ["residual.v1", "noop.v1", "concatenate.v1", "with_list.v1", "chain.v1"]
    )
    def test_what_was_wrapped_comes_out_whole(self, shared: "Config", wrapper: str) -> None:
        there = archlab.swap(shared, ENCODE, wrapper).config
        back = archlab.swap(there, ENCODE, "spacy.MaxoutWindowEncoder.v2").config
        assert meaning(there) != meaning(shared)
        assert meaning(back) == meaning(shared)

    def test_a_tok2vec_that_was_a_chain_of_its_parts_is_one_again(self, own: "Config") -> None:
        there = archlab.swap(own, "tagger.model.tok2vec", "chain.v1").config
        assert archlab.check(there).errors == ()
        back = archlab.swap(there, "tagger.model.tok2vec", "spacy.Tok2Vec.v2").config
        assert meaning(back) == meaning(own)

    @pytest.mark.parametrize("wrapper", ["with_list.v1", "noop.v1", "concatenate.v1", "chain.v1"])
    def test_a_wrapper_in_place_of_a_listener_holds_what_it_heard(
        self, shared: "Config", wrapper: str
    ) -> None:
        config = archlab.swap(shared, "tagger.model.tok2vec", wrapper).config
        assert "tok2vec" not in pipeline(config)
        assert "spacy.MultiHashEmbed.v2" in str(config["components"]["tagger"])
        assert config.interpolate()

    def test_an_embedding_alone_gets_an_encoder_again(self, own: "Config") -> None:
        there = archlab.swap(own, "tagger.model.tok2vec", "spacy.MultiHashEmbed.v2").config
        back = archlab.swap(there, "tagger.model.tok2vec", "spacy.Tok2Vec.v2").config
        assert get_section(back, f"{HEAR}.embed.rows") == [100]

    def test_a_whole_block_comes_back_as_it_was(self, shared: "Config") -> None:
        old = get_section(shared, "components.tagger.model")
        there = archlab.swap(shared, "tagger.model", "spacy.Tagger.v1").config
        assert meaning(archlab.swap(there, "tagger.model", old).config) == meaning(shared)

    def test_a_whole_block_that_refers_to_what_is_gone_is_refused(self, shared: "Config") -> None:
        shared["components"]["tagger"]["model"]["tok2vec"]["width"] = (
            "${components.tok2vec.model.encode.width}"
        )
        old = get_section(shared, "components.tagger.model")
        there = archlab.swap(shared, "tagger.model.tok2vec", "spacy.HashEmbedCNN.v2").config
        with pytest.raises(SwapError, match=r"leads nowhere: the config has no components\.tok2vec"):
            archlab.swap(there, "tagger.model", old)


class TestNames:
    def test_a_component_may_be_called_by_its_factory(self, shared: "Config") -> None:
        assert (
            archlab.swap(shared, "textcat.model", "spacy.TextCatBOW.v2").steps[0].slot.short == "topics.model"
        )

    def test_a_factory_of_two_components_names_neither(self, shared: "Config") -> None:
        shared["components"]["more"] = shared["components"]["topics"]
        with pytest.raises(UnknownSlotError, match=r"2 components are a textcat.\nName one: topics.model or"):
            archlab.swap(shared, "textcat.model", "spacy.TextCatBOW.v2")

    def test_without_a_version_it_is_the_newest_that_fits(self, shared: "Config") -> None:
        assert (
            archlab.swap(shared, "topics.model", "spacy.TextCatBOW").steps[0].slot.block
            == "spacy.TextCatBOW.v3"
        )

    def test_a_registry_that_is_named_is_the_one_meant(self, shared: "Config") -> None:
        with pytest.raises(UnknownBlockError, match=r"No block spacy\.Tagger\.v1 is registered in @layers"):
            archlab.swap(shared, "tagger.model", "@layers:spacy.Tagger.v1")

    def test_a_setting_that_takes_a_block_is_a_slot(self, shared: "Config") -> None:
        config = override_config(shared, {"training.optimizer.learn_rate": 0.002})
        swapped = archlab.swap(config, "training.optimizer.learn_rate", "constant.v1")
        assert swapped.steps[0].before == "0.002"
        assert get_section(swapped.config, "training.optimizer.learn_rate.rate") == 0.002
        with pytest.raises(UnknownSlotError, match="is a setting, not a slot"):
            archlab.swap(shared, "training.max_steps", "constant.v1")
        with pytest.raises(UnknownSlotError, match="is a setting, not a slot"):
            archlab.swap(shared, "topics.model.nO", "spacy.TextCatBOW.v2")

    def test_who_puts_a_block_where_none_of_its_kind_fits_hears_that(self, shared: "Config") -> None:
        with pytest.raises(SwapError, match=r"MultiSoftmax.v1 returns .* is needed there\.\nWhat fits"):
            archlab.swap(shared, "tagger.model", "MultiSoftmax.v1")


class TestTogether:
    def test_the_order_does_not_matter(self, shared: "Config") -> None:
        swaps = [
            Swap("topics.model", "spacy.TextCatEnsemble.v2", {"tok2vec": "own"}),
            Swap("topics.model.linear_model", "spacy.TextCatBOW.v2"),
            Swap(EMBED, "spacy.CharacterEmbed.v2"),
        ]
        found = {meaning(archlab.swap_all(shared, order).config) for order in (swaps, swaps[::-1])}
        assert len(found) == 1

    def test_each_swap_is_a_step_and_the_base_is_as_it_was(self, shared: "Config") -> None:
        before = shared.to_str(interpolate=False)
        swapped = archlab.swap_all(
            shared, [Swap(ENCODE, "spacy.MishWindowEncoder.v2"), Setting("training.dropout", 0.3)]
        )
        assert [(step.slot.short, step.before) for step in swapped.steps] == [
            (ENCODE, "spacy.MaxoutWindowEncoder.v2")
        ]
        assert swapped.config["training"]["dropout"] == 0.3
        assert shared.to_str(interpolate=False) == before

    @pytest.mark.parametrize(
        ("changes", "said"),
        [
            (
                [Swap("topics.model", "spacy.TextCatBOW.v2"), Swap("topics.model", "spacy.TextCatReduce.v1")],
                "one slot holds one block",
            ),
            (
                [Swap(EMBED, "spacy.CharacterEmbed.v2"), Swap("tok2vec.model", "spacy.HashEmbedCNN.v2")],
                "then there is no slot tok2vec.model.embed",
            ),
            (
                [
                    Swap(EMBED, "spacy.CharacterEmbed.v2", {"width": 32}),
                    Swap(ENCODE, "spacy.MishWindowEncoder.v2", {"width": 64}),
                ],
                "both decide",
            ),
            (
                [
                    Swap(EMBED, "spacy.CharacterEmbed.v2"),
                    Swap("tagger.model.tok2vec", "spacy.HashEmbedCNN.v2"),
                ],
                "nobody listens",
            ),
            (
                [
                    Swap(ENCODE, "spacy.MishWindowEncoder.v2"),
                    Setting(f"components.{ENCODE}.depth", 1),
                    Swap(ENCODE, "spacy.MishWindowEncoder.v2", {"depth": 2}),
                ],
                "contradict",
            ),
        ],
    )
    def test_a_contradiction_names_both(self, shared: "Config", changes: list[Change], said: str) -> None:
        for order in (changes, changes[::-1]):
            with pytest.raises(SwapError) as error:
                archlab.swap_all(shared, order)
            assert said in error.value.message
            slots = [change.slot for change in changes if isinstance(change, Swap)]
            assert all(slot in error.value.message for slot in slots[:2])

    def test_a_setting_must_be_there(self, shared: "Config") -> None:
        with pytest.raises(ConfigError, match="Did you mean dropout"):
            archlab.swap_all(shared, [Setting("training.dropuot", 0.1)])

    def test_nothing_is_shared_with_what_was_given(self, shared: "Config") -> None:
        attrs = ["NORM", "SHAPE"]
        swaps = [Swap(EMBED, "spacy.MultiHashEmbed.v2", {"attrs": attrs, "rows": [10, 10]})]
        swapped = archlab.swap_all(shared, [*swaps, Setting("nlp.disabled", attrs)])
        attrs.append("LOWER")
        assert get_section(swapped.config, f"components.{EMBED}.attrs") == ["NORM", "SHAPE"]
        assert swapped.config["nlp"]["disabled"] == ["NORM", "SHAPE"]
        assert archlab.swap_all(shared, []).config is not shared

    def test_the_same_swap_twice_is_one(self, shared: "Config") -> None:
        swap = Swap(ENCODE, "spacy.MishWindowEncoder.v2")
        assert len(archlab.swap_all(shared, [swap, swap]).steps) == 1


@pytest.mark.usefixtures("workplace")
class TestCommand:
    def test_the_option_is_for_blocks_that_take_a_tok2vec(self, cli: Any) -> None:
        both = ("textcat.model", "spacy.TextCatReduce", "training.optimizer", "RAdam.v1")
        assert cli("swap", *both, "--tok2vec", "shared").code == 0
        done = cli("swap", "encoder", "bilstm", "--tok2vec", "own")
        assert (done.code, "none here does" in done.err) == (2, True)

    def test_an_override_goes_before_what_a_recipe_says(self, cli: Any) -> None:
        pytest.importorskip("spacy_transformers")
        shown = cli("swap", "transformer", "name=x", "--training.accumulate_gradient", "2", "-o", "-").out
        assert "accumulate_gradient = 2" in shown

    def test_a_swap_in_what_a_recipe_has_removed_names_both(self, cli: Any) -> None:
        done = cli("swap", "speed", "textcat.model.tok2vec.embed", "spacy.CharacterEmbed")
        assert done.code == 3
        assert "speed and textcat.model.tok2vec.embed spacy.CharacterEmbed contradict each other" in done.err

    @pytest.mark.parametrize(
        "typed", ["transformer package=5", "encoder bilstm component=[1]", "static-vectors vectors=3"]
    )
    def test_arguments_of_recipes_are_texts(self, cli: Any, typed: str) -> None:
        done = cli("swap", *typed.split())
        assert (done.code, "is a text" in done.err) == (2, True)

    def test_hints_name_the_base_that_they_are_about(self, cli: Any) -> None:
        Path("my.cfg").write_text(SHARED, encoding="utf8")
        done = cli("swap", "tagger.model.tok2vec.embed", "spacy.CharacterEmbed", "--base", "my.cfg")
        assert "tagger.model.tok2vec listens to tok2vec." in done.err
        assert "archlab swap tagger.model.tok2vec spacy.Tok2Vec.v2 --base my.cfg" in done.err


def test_every_value_is_explained(workplace: Path, cli: Any) -> None:
    said = cli("swap", "textcat.model", "spacy.TextCatReduce", "tok2vec=shared", "--explain").out
    assert "carried over from linear_model" in said
    assert "the block that was textcat.model.tok2vec" in said
    assert "textcat.model.tok2vec.width" in said
