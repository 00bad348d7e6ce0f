"""Configs are read and filled as spaCy would, and nothing of theirs is changed."""

from pathlib import Path
from typing import Any

import pytest
from spacy.util import load_config as spacy_load_config
from spacy.util import load_model_from_config

import archlab
from archlab.configs.loading import parse_config, read_config
from archlab.configs.writing import config_text
from archlab.errors import ConfigError

PIPELINES = [
    ["textcat"],
    ["textcat_multilabel"],
    ["tok2vec", "tagger", "morphologizer", "parser"],
    ["ner", "senter", "trainable_lemmatizer"],
    ["spancat", "span_finder", "entity_linker"],
    ["spancat_singlelabel", "sentencizer", "attribute_ruler"],
]


def write(folder: Path, pipeline: list[str], extra: str = "") -> Path:
    sections = "\n".join(f'[components.{name}]\nfactory = "{name}"\n' for name in pipeline)
    names = ", ".join(f'"{name}"' for name in pipeline)
    path = folder / "config.cfg"
    path.write_text(f'[nlp]\nlang = "en"\npipeline = [{names}]\n\n[components]\n\n{sections}\n{extra}')
    return path


@pytest.mark.parametrize("pipeline", PIPELINES, ids=",".join)
def test_filling_is_what_spacy_fills(tmp_path: Path, pipeline: list[str]) -> None:
    path = write(tmp_path, pipeline, "[paths]\ntrain = null\n\n[corpora]\n\n[vars]\nown = 3\n")
    theirs = load_model_from_config(spacy_load_config(path), auto_fill=True).config
    ours = archlab.load_config(path)
    assert ours.interpolate() == theirs.interpolate()


@pytest.mark.parametrize(
    "overrides",
    [
        {"nlp.lang": "de"},
        {"components.textcat.factory": "textcat_multilabel"},
        {"nlp.pipeline": ["tagger"]},
        {"training.max_steps": 7, "training.dropout": 0.3},
    ],
    ids=str,
)
def test_overrides_count_before_filling_as_in_spacy(tmp_path: Path, overrides: dict[str, Any]) -> None:
    path = write(tmp_path, ["textcat", "tagger"], "[training]\n")
    theirs = load_model_from_config(spacy_load_config(path, overrides=overrides), auto_fill=True).config
    ours = archlab.load_config(path, overrides).interpolate()
    unused = set(ours["components"]) - set(theirs.interpolate()["components"])
    for name in unused:  # spaCy drops what is outside the pipeline
        del ours["components"][name]
    assert ours == theirs.interpolate()


def test_sourced_components_bring_their_score_weights(tmp_path: Path) -> None:
    import spacy
    from spacy.training import Example

    nlp = spacy.blank("en")
    nlp.add_pipe("textcat")
    doc = nlp.make_doc("a b")
    nlp.initialize(lambda: [Example.from_dict(doc, {"cats": {"A": 1.0, "B": 0.0}})])
    nlp.to_disk(tmp_path / "trained")
    path = write(tmp_path, ["textcat", "tagger", "morphologizer"])
    path.write_text(path.read_text().replace('factory = "textcat"', f'source = "{tmp_path / "trained"}"'))
    theirs = load_model_from_config(spacy_load_config(path), auto_fill=True).config.interpolate()
    ours = archlab.load_config(path).interpolate()
    assert ours["training"]["score_weights"] == theirs["training"]["score_weights"]
    assert archlab.check(archlab.load_config(path)).ok


def test_a_byte_order_mark_is_no_text_and_other_encodings_are_said(tmp_path: Path) -> None:
    path = write(tmp_path, ["textcat"])
    text = path.read_text()
    path.write_text(text, encoding="utf-8-sig")
    assert archlab.load_config(path)["nlp"]["lang"] == "en"
    path.write_text(text, encoding="utf-16")
    with pytest.raises(ConfigError, match="is not UTF-8 text"):
        archlab.load_config(path)


def test_settings_that_spacy_drops_are_told(tmp_path: Path) -> None:
    config, source = read_config(write(tmp_path, ["textcat"], "[training]\nmax_stepps = 3\n"))
    assert source.ignored == ("training.max_stepps",)
    (finding,) = archlab.check(config, source=source).findings
    assert (finding.severity, finding.message) == (
        "warning",
        "there is no setting max_stepps: spaCy ignores it",
    )


def test_filling_twice_changes_nothing(tmp_path: Path) -> None:
    path = write(tmp_path, ["textcat"])
    filled = archlab.load_config(path)
    (tmp_path / "again.cfg").write_text(config_text(filled))
    assert archlab.load_config(tmp_path / "again.cfg") == filled


def test_variables_are_kept(tmp_path: Path) -> None:
    config = archlab.load_config(write(tmp_path, ["textcat"]))
    assert config["corpora"]["train"]["path"] == "${paths.train}"
    assert config["training"]["seed"] == "${system.seed}"


def test_text_puts_subsections_below_their_section_and_parses_back(tmp_path: Path) -> None:
    config = archlab.load_config(write(tmp_path, ["tok2vec", "tagger"]))
    text = config_text(config)
    headers = [line for line in text.splitlines() if line.startswith("[")]
    start = headers.index("[components.tagger]")
    assert headers[start : start + 3] == [
        "[components.tagger]",
        "[components.tagger.model]",
        "[components.tagger.model.tok2vec]",
    ]
    assert parse_config(text) == config


def test_overrides_set_what_is_there_and_name_what_is_not(tmp_path: Path) -> None:
    path = write(tmp_path, ["textcat"])
    config = archlab.load_config(path, {"training.max_steps": 5, "paths.train": "x.spacy"})
    assert (config["training"]["max_steps"], config["paths"]["train"]) == (5, "x.spacy")
    for wrong, said in {
        "training.max_stepz": "Did you mean max_steps?",
        "trainin.max_steps": "Did you mean training?",
        "components.textcat.model.tok2vec.embed.widht": "Did you mean width?",
        "max_steps": "no setting max_steps",
        "paths.trian": "Did you mean train?",
        "system.seeds": "Did you mean seed?",
        "components.textcat": "components.textcat is a section",
        "components.textcat.threshold.x": "no setting components.textcat.threshold.x",
    }.items():
        with pytest.raises(ConfigError) as error:
            archlab.load_config(path, {wrong: 1})
        assert said in str(error.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("lang = 1\n[nlp]\n", ":1: a value stands before the first [section]."),
        ('[nlp]\nlang = "en"\nnonsense\n', ":3: this is neither a [section] nor `key = value`: nonsense"),
        ("[nlp]\n\n[nlp]\n", ":3: the section [nlp] is there twice."),
        ("[nlp]\na = 1\na = 2\n", ":3: a is set twice in [nlp]."),
        ("[nlp.x]\na = 1\n", ":1: [nlp.x] stands there without a section [nlp] above it."),
        ("[nlp.x]\na = 1\n[nlp]\n", ":1: [nlp.x] stands there without a section [nlp] above it."),
        ("[training]\n", "names no language"),
        (
            '[nlp]\nlang = "en"\npipeline = ["tager"]\n'
            '[components]\n[components.tagger]\nfactory = "tagger"\n',
            "there is no [components.tager].\nDid you mean tagger?",
        ),
        (
            '[nlp]\nlang = "en"\npipeline = ["a"]\n[components]\n[components.a]\nfactory = "tager"\n',
            "the factory 'tager'",
        ),
        ('[nlp]\nlang = "en"\npipeline = []\n[training]\nmax_steps = ${vars.x}\n', "vars.x"),
    ],
)
def test_what_cannot_be_read_is_told_with_its_place(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "bad.cfg"
    path.write_text(text)
    with pytest.raises(ConfigError) as error:
        archlab.load_config(path)
    assert said in str(error.value)
    assert "bad.cfg" in str(error.value)


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"There is no config .*none.cfg"):
        archlab.load_config(tmp_path / "none.cfg")


def test_sections_know_their_lines(workplace: Path) -> None:
    path = workplace / "configs" / "base.cfg"
    _, source = read_config(path)
    lines = path.read_text().splitlines()
    line = source.line("components.textcat.model.tok2vec.embed")
    assert line is not None
    assert lines[line - 1] == "[components.textcat.model.tok2vec.embed]"
    assert source.line("components.textcat.model.tok2vec.embed.rows.deeper") == line
    assert source.line("nowhere") is None


def test_the_callers_own_config_is_never_changed(workplace: Path) -> None:
    config: Any = archlab.load_config(workplace / "configs" / "base.cfg")
    before = config.to_str(interpolate=False)
    archlab.swap(config, "textcat.model", "spacy.TextCatBOW.v3")
    archlab.check(config)
    assert config.to_str(interpolate=False) == before
