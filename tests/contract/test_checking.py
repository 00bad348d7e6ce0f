"""The check is right about what fits, and says how to mend what does not."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import archlab
from archlab.checking.corpora import require_corpora
from archlab.configs.code import import_code
from archlab.configs.filling import fill_config
from archlab.configs.loading import override_config, parse_config, read_config
from archlab.errors import CodeError, ConfigError, CorpusError, UsageError
from archlab.records import Finding

if TYPE_CHECKING:
    from confection import Config
    from conftest import Cli

TAGGER = """
[nlp]
lang = "en"
pipeline = ["tagger"]

[components]

[components.tagger]
factory = "tagger"
"""

CODE = """
from typing import List, Optional

import spacy
from spacy.tokens import Doc
from thinc.api import Model, Softmax, chain, with_array
from thinc.types import Floats2d


@spacy.registry.architectures("test.WrongInside.v1")
def wrong_inside(nO: Optional[int] = None) -> Model[List[Doc], List[Floats2d]]:
    raise ValueError("the layers do not go together")


@spacy.registry.architectures("test.Unannotated.v1")
def unannotated(nO=None):
    from spacy.ml.models.tok2vec import build_hash_embed_cnn_tok2vec

    tok2vec = build_hash_embed_cnn_tok2vec(
        width=8, depth=1, embed_size=50, window_size=1,
        maxout_pieces=2, subword_features=False, pretrained_vectors=None,
    )
    model = chain(tok2vec, with_array(Softmax(nO, 8)))
    model.set_ref("softmax", model.layers[1].layers[0])
    return model
"""


@pytest.fixture
def base(workplace: Path) -> "Config":
    return archlab.load_config(workplace / "configs" / "base.cfg")


@pytest.fixture(scope="module")
def code(tmp_path_factory: pytest.TempPathFactory) -> None:
    file = tmp_path_factory.mktemp("code") / "blocks.py"
    file.write_text(CODE)
    import_code([file])


def errors(config: "Config", level: str = "build") -> tuple[Finding, ...]:
    return archlab.check(config, level).errors


def swapped(config: "Config", slot: str, block: str, **arguments: Any) -> "Config":
    return archlab.swap(config, slot, block, **arguments).config


def with_model(model: Mapping[str, Any]) -> "Config":
    """A tagger whose model is exactly this block."""
    config = fill_config(parse_config(TAGGER))
    config["components"]["tagger"]["model"] = dict(model)
    return config


def test_the_demo_fits(base: "Config") -> None:
    assert archlab.check(base).findings == ()


def test_a_block_of_another_type_is_an_error_with_both_types_and_what_fits(base: "Config") -> None:
    (finding,) = errors(swapped(base, "textcat.model", "spacy.Tagger.v2"), "types")
    assert finding.slot == "components.textcat.model"
    assert finding.expected == "Model[List[Doc], Floats2d]"
    assert finding.given == "Model[List[Doc], List[Floats2d]]"
    assert "one row per token" in finding.message
    assert "spacy.TextCatBOW.v3" in (finding.fix or "")


def test_a_text_classifier_is_no_tagger() -> None:
    bow = {"@architectures": "spacy.TextCatBOW.v3", "exclusive_classes": True, "ngram_size": 1}
    (finding,) = errors(with_model({**bow, "no_output_layer": False}), "types")
    assert "spacy.TextCatBOW.v3 returns Floats2d (one row per Doc)" in finding.message
    assert "the tagger needs List[Floats2d]" in finding.message


def test_wrong_sublayers_are_found_at_any_depth(base: "Config") -> None:
    (finding,) = errors(swapped(base, "textcat.model.tok2vec.encode", "spacy.MultiHashEmbed.v2"), "types")
    assert finding.slot == "components.textcat.model.tok2vec.encode"
    assert finding.message.startswith("spacy.MultiHashEmbed.v2 takes List[Doc]")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"ngram_size": None}, "ngram_size = None is not int"),
        ({"ngram_sise": 1}, "spacy.TextCatBOW.v3 has no argument ngram_sise"),
        ({"exclusive_classes": "yes"}, "exclusive_classes = 'yes' is not bool"),
    ],
)
def test_arguments_are_checked(base: "Config", change: dict[str, Any], said: str) -> None:
    config = swapped(base, "textcat.model", "spacy.TextCatBOW.v3")
    config["components"]["textcat"]["model"].update(change)
    assert [finding.message for finding in errors(config, "types")] == [said]


def test_a_missing_argument_is_named_with_the_swap_that_gives_it(base: "Config") -> None:
    config = swapped(base, "textcat.model", "spacy.TextCatBOW.v3")
    del config["components"]["textcat"]["model"]["ngram_size"]
    (finding,) = errors(config)
    assert finding.message == "spacy.TextCatBOW.v3 needs ngram_size"
    assert finding.fix == "complete it: archlab swap textcat.model spacy.TextCatBOW.v3"


def test_a_block_that_is_nowhere_registered_is_an_error(base: "Config") -> None:
    config = base.copy()
    config["components"]["textcat"]["model"]["@architectures"] = "spacy.TextCatEnsembel.v2"
    (finding,) = [f for f in errors(config, "types") if f.slot == "components.textcat.model"]
    assert "spacy.TextCatEnsembel.v2" in finding.message
    assert finding.fix == "Did you mean spacy.TextCatEnsemble.v2?"


def test_training_settings_are_checked_without_building(base: "Config") -> None:
    config = override_config(base, {"training.max_steps": "many", "training.dev_corpus": "corpora.dve"})
    messages = {finding.message: finding.fix for finding in errors(config, "types")}
    assert any(message.startswith("max_steps = 'many'") for message in messages)
    assert messages["dev_corpus names corpora.dve, which is not in the config"] == "Did you mean corpora.dev?"


def test_all_findings_come_at_once(base: "Config") -> None:
    config = override_config(base, {"training.max_steps": "many"})
    config["components"]["textcat"]["model"]["linear_model"]["ngram_size"] = "x"
    assert len(errors(config)) == 2


def test_what_types_cannot_see_building_does(code: None) -> None:
    config = with_model({"@architectures": "test.WrongInside.v1", "nO": None})
    assert errors(config, "types") == ()
    (finding,) = errors(config)
    assert finding.message == "it cannot be built: ValueError: the layers do not go together (blocks.py:12)"


def test_a_block_without_annotations_is_a_note_not_an_error(code: None) -> None:
    report = archlab.check(with_model({"@architectures": "test.Unannotated.v1", "nO": None}))
    assert report.ok
    assert [finding.severity for finding in report.findings] == ["note"]
    assert "states no types" in report.findings[0].message


def test_annotations_that_are_strings_are_read_in_a_file_of_ones_own(tmp_path: Path) -> None:
    file = tmp_path / "strings.py"
    late = "from __future__ import annotations\n" + CODE.replace("test.", "late.")
    file.write_text(late.replace("-> Model[List[Doc], List[Floats2d]]", "-> Model[List[Doc], Floats2d]"))
    import_code([file])
    (finding,) = errors(with_model({"@architectures": "late.WrongInside.v1", "nO": None}), "types")
    assert finding.given == "Model[List[Doc], Floats2d]"


def test_components_are_built_in_the_pipeline_they_belong_to(tmp_path: Path) -> None:
    file = tmp_path / "neighbours.py"
    file.write_text(
        "from spacy.language import Language\n\n\n"
        '@Language.factory("test_neighbour")\n'
        "def make(nlp, name):\n"
        '    assert nlp.get_pipe("tagger")\n'
        "    return lambda doc: doc\n"
    )
    import_code([file])
    text = TAGGER.replace('["tagger"]', '["tagger", "after"]')
    config = fill_config(parse_config(f'{text}\n[components.after]\nfactory = "test_neighbour"\n'))
    assert archlab.check(config).ok


def test_a_reader_that_gives_both_corpora_is_fine() -> None:
    config = fill_config(parse_config(TAGGER))
    config["corpora"] = {"@readers": "some.Reader.v1"}
    assert not [f for f in errors(config, "types") if "is not in the config" in f.message]


def test_findings_know_file_and_line(workplace: Path) -> None:
    path = workplace / "configs" / "base.cfg"
    config, source = read_config(path)
    config["components"]["textcat"]["model"]["linear_model"]["ngram_size"] = "x"
    (finding,) = archlab.check(config, source=source).errors
    assert finding.file == str(path)
    assert finding.line is not None
    assert path.read_text().splitlines()[finding.line - 1] == "[components.textcat.model.linear_model]"


def test_an_unknown_level_is_wrong_usage(base: "Config") -> None:
    with pytest.raises(UsageError, match="Did you mean types"):
        archlab.check(base, "type")


def test_a_dangling_variable_is_a_config_error(base: "Config") -> None:
    config = override_config(base, {"training.patience": "${vars.nowhere}"})
    with pytest.raises(ConfigError, match="nowhere"):
        archlab.check(config)


class TestCorpora:
    """Missing, empty and unlabelled corpora are told before anything starts."""

    def config(self, train: object, dev: object, factory: str = "textcat") -> Any:
        text = TAGGER.replace("tagger", factory)
        paths = {"paths.train": str(train), "paths.dev": str(dev)}
        return override_config(fill_config(parse_config(text)), paths).interpolate()

    def corpus(self, path: Path, *, documents: int = 2, cats: bool = True) -> Path:
        import spacy
        from spacy.tokens import DocBin

        nlp = spacy.blank("en")
        docs = [nlp("some words") for _ in range(documents)]
        for doc in docs:
            doc.cats = {"A": 1.0, "B": 0.0} if cats else {}
        DocBin(docs=docs).to_disk(path)
        return path

    def test_a_good_one_passes(self, tmp_path: Path) -> None:
        path = self.corpus(tmp_path / "a.spacy")
        require_corpora(self.config(path, path))

    def test_a_missing_one_is_named(self, tmp_path: Path) -> None:
        with pytest.raises(CorpusError, match=r"corpora.train: there is no .*none.spacy"):
            require_corpora(self.config(tmp_path / "none.spacy", tmp_path / "none.spacy"))

    def test_no_path_at_all_is_told_with_the_option(self) -> None:
        config = fill_config(parse_config(TAGGER)).interpolate()
        with pytest.raises(CorpusError, match=r"corpora.train has no path.\n.*--paths.train FILE"):
            require_corpora(config)

    def test_an_empty_one_is_said(self, tmp_path: Path) -> None:
        good, empty = self.corpus(tmp_path / "a.spacy"), self.corpus(tmp_path / "b.spacy", documents=0)
        with pytest.raises(CorpusError, match=r"corpora.dev \(.*b.spacy\) holds no documents"):
            require_corpora(self.config(good, empty))

    def test_a_dev_set_without_labels_is_said(self, tmp_path: Path) -> None:
        good, bare = self.corpus(tmp_path / "a.spacy"), self.corpus(tmp_path / "b.spacy", cats=False)
        with pytest.raises(CorpusError, match=r"none of its 2 documents has categories"):
            require_corpora(self.config(good, bare))

    def test_a_train_set_of_another_task_is_said(self, tmp_path: Path) -> None:
        import spacy
        from spacy.tokens import DocBin

        doc = spacy.blank("en")("other words")
        doc.cats = {"C": 1.0, "D": 0.0}
        DocBin(docs=[doc]).to_disk(tmp_path / "other.spacy")
        good = self.corpus(tmp_path / "a.spacy")
        with pytest.raises(CorpusError, match=r"no label of textcat in common .* here A, B, there C, D"):
            require_corpora(self.config(good, tmp_path / "other.spacy"))

    def test_what_no_score_asks_for_may_lack_in_dev(self, tmp_path: Path) -> None:
        import spacy
        from spacy.tokens import DocBin

        doc = spacy.blank("en")("two words")
        doc[0].tag_, doc[1].tag_ = "A", "B"
        DocBin(docs=[doc]).to_disk(tmp_path / "tagged.spacy")
        bare = self.corpus(tmp_path / "a.spacy")
        config = self.config(tmp_path / "tagged.spacy", bare, "tagger")
        with pytest.raises(CorpusError, match="which tagger learns from"):
            require_corpora(config)
        config["training"]["score_weights"] = {"tag_acc": None}
        require_corpora(config)

    @pytest.mark.parametrize("factory", ["tagger", "morphologizer", "parser", "ner", "senter", "spancat"])
    def test_every_component_asks_for_its_own_annotation(self, tmp_path: Path, factory: str) -> None:
        path = self.corpus(tmp_path / "a.spacy")
        with pytest.raises(CorpusError, match=f"which {factory} learns from"):
            require_corpora(self.config(path, path, factory))

    def test_a_file_of_another_kind_is_said_with_its_name(self, tmp_path: Path) -> None:
        path = tmp_path / "a.spacy"
        path.write_bytes(b"no docs at all")
        with pytest.raises(CorpusError, match=r"corpora.dev \(.*a.spacy\) cannot be read"):
            require_corpora(self.config(path, path))


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("x = (\n", r"blocks.py:1 cannot be imported: SyntaxError"),
        ("\nraise RuntimeError('no luck')\n", r"blocks.py:2 cannot be imported: RuntimeError: no luck"),
        ("import no_such_package\n", r"blocks.py:1 cannot be imported: ModuleNotFoundError"),
    ],
)
def test_code_that_cannot_be_imported_is_told_with_its_line(tmp_path: Path, code: str, said: str) -> None:
    file = tmp_path / "blocks.py"
    file.write_text(code)
    with pytest.raises(CodeError, match=said):
        import_code([file])


def test_code_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(CodeError, match="There is no file"):
        import_code([tmp_path / "none.py"])


def test_a_pretraining_that_training_does_not_read_rejects_no_variant(workplace: Path) -> None:
    base = archlab.load_config(workplace / "configs" / "base.cfg")
    base["pretraining"] = {"component": "nobody"}
    assert not archlab.check(base, "types").ok
    assert archlab.check(base, "types", for_training=True).ok
    base["initialize"]["init_tok2vec"] = "weights.bin"
    assert not archlab.check(base, "types", for_training=True).ok


def test_a_corpus_whose_file_is_not_there_is_a_warning_and_a_null_path_is_none(
    workplace: Path,
) -> None:
    base = archlab.load_config(workplace / "configs" / "base.cfg")
    settings = {"gold_preproc": False, "max_length": 0, "limit": 0, "augmenter": None}
    base["corpora"]["train"] = {"@readers": "spacy.Corpus.v1", "path": "trian.spacy", **settings}
    (finding,) = archlab.check(base, "types").findings
    assert (finding.severity, finding.slot) == ("warning", "corpora.train")
    assert finding.message.startswith("there is no trian.spacy (looked for in")
    assert finding.fix == "Name another: --corpora.train.path FILE"
    base["corpora"]["train"]["path"] = None
    assert archlab.check(base, "types").findings == ()


def test_a_section_that_nobody_reads_is_a_warning(tmp_path: Path) -> None:
    own = "[mine]\nx = 1\n[trainig]\nmax_steps = 5\n[training]\nmax_steps = ${mine.x}\n"
    (tmp_path / "my.cfg").write_text(TAGGER + own)
    config, source = read_config(tmp_path / "my.cfg")
    found = [(f.slot, f.message, f.fix) for f in archlab.check(config, "types", source=source).findings]
    message = "there is no section [trainig], and nothing refers to it: spaCy ignores it"
    assert found == [("trainig", message, "Did you mean training?")]


def test_an_argument_whose_default_contradicts_its_annotation_is_mended_in_the_code(tmp_path: Path) -> None:
    code = """
import spacy
from typing import List
from spacy.tokens import Doc
from thinc.api import Model
from thinc.types import Floats2d

@spacy.registry.architectures("test.ForgetsOptional.v1")
def forgets(nO: int = None) -> Model[List[Doc], List[Floats2d]]: ...
"""
    (tmp_path / "forgets.py").write_text(code)
    import_code([tmp_path / "forgets.py"])
    model = '[components.tagger.model]\n@architectures = "test.ForgetsOptional.v1"\nnO = null\n'
    config = fill_config(parse_config(TAGGER + model))
    (error,) = archlab.check(config, "types").errors
    assert error.fix == "annotate it where test.ForgetsOptional.v1 is written: nO: Optional[int] = None"


def test_a_fatal_fault_is_a_finding_in_the_format_asked_for(cli: "Cli", tmp_path: Path) -> None:
    (tmp_path / "my.cfg").write_text(TAGGER.replace('["tagger"]', '["tager"]'))
    shown = cli("check", str(tmp_path / "my.cfg"), "--format", "json")
    assert shown.code == 3
    report = json.loads(shown.out)
    assert not report["ok"]
    assert "the pipeline names 'tager'" in report["findings"][0]["message"]
    annotated = cli("check", str(tmp_path / "my.cfg"), "--format", "github")
    assert annotated.code == 3
    assert annotated.out.startswith("::error file=")
