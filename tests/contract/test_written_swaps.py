"""What `archlab swap -o` writes is the base with the swap in it: its order, its comments, its variables."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import archlab
from archlab.configs.fingerprints import variant_id
from archlab.configs.loading import read_config
from archlab.configs.writing import config_text

if TYPE_CHECKING:
    from conftest import Cli

COMMENTED = """\
# Mine: größer, 東京

[nlp]
lang = "en"
pipeline = ["tok2vec", "tagger", "textcat"]

[components]

; the second of the pipeline
[components.tagger]
factory = "tagger"

[components.tagger.model]
@architectures = "spacy.Tagger.v2"

[components.tagger.model.tok2vec]
@architectures = "spacy.Tok2VecListener.v1"
width = ${components.tok2vec.model.encode.width}

[components.textcat]
factory = "textcat"
scorer = {"@scorers": "spacy.textcat_scorer.v2"}

# shared
[components.tok2vec]
factory = "tok2vec"

[components.tok2vec.model]
@architectures = "spacy.Tok2Vec.v2"

[components.tok2vec.model.encode]
# as wide as the embedding
width = ${components.tok2vec.model.embed.width}
@architectures = "spacy.MaxoutWindowEncoder.v2"
window_size = 1
maxout_pieces = 3
depth = 2

# words
[components.tok2vec.model.embed]
@architectures = "spacy.MultiHashEmbed.v2"
width = 64
attrs = [
    "NORM",
    "PREFIX"
  ]
rows = [500, 250]
include_static_vectors = false

[training]
# long enough
max_steps = 10

# The end.
"""


def lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


@pytest.fixture
def base(tmp_path: Path) -> Path:
    path = tmp_path / "base.cfg"
    path.write_text(COMMENTED, encoding="utf8")
    return path


@pytest.mark.parametrize("how", ["plain", "mark", "windows"])
def test_a_swap_to_what_is_there_keeps_every_line_and_adds_what_was_filled(
    cli: "Cli", base: Path, how: str
) -> None:
    text = COMMENTED.replace("\n", "\r\n") if how == "windows" else COMMENTED
    base.write_bytes(text.encode("utf-8-sig" if how == "mark" else "utf8"))
    written = base.with_name("written.cfg")
    done = cli("swap", "tok2vec.model", "spacy.Tok2Vec.v2", "--base", base, "-o", written)
    assert done.code == 0, done.err
    rest = iter(lines(written.read_text(encoding="utf8")))
    assert all(line in rest for line in lines(COMMENTED))
    assert variant_id(archlab.load_config(written).interpolate()) == variant_id(
        archlab.load_config(base).interpolate()
    )


def test_a_swap_changes_its_block_alone(cli: "Cli", base: Path) -> None:
    done = cli("swap", "tok2vec.model.embed", "spacy.CharacterEmbed.v2", "--base", base, "-o", "-")
    assert done.code == 0, done.err
    gone = [
        '@architectures = "spacy.MultiHashEmbed.v2"',
        "attrs = [",
        '"NORM",',
        '"PREFIX"',
        "]",
        "rows = [500, 250]",
    ]
    rest = iter(lines(done.out))
    assert all(line in rest for line in lines(COMMENTED) if line not in gone)
    assert (
        '# words\n[components.tok2vec.model.embed]\n@architectures = "spacy.CharacterEmbed.v2"\n' in done.out
    )


def test_overrides_are_written(cli: "Cli", base: Path) -> None:
    swap = ("swap", "tok2vec.model.embed", "spacy.CharacterEmbed.v2", "--base", base, "-o", "-")
    done = cli(*swap, "--training.max_steps", 7)
    assert "# long enough\nmax_steps = 7\n" in done.out


@pytest.mark.parametrize(
    ("slot", "block"),
    [
        ("textcat.model", "spacy.TextCatBOW.v3"),
        ("textcat.model", "spacy.TextCatReduce.v1"),
        ("textcat.model.tok2vec.encode", "spacy.TorchBiLSTMEncoder.v1"),
        ("training.optimizer", "RAdam.v1"),
    ],
)
def test_what_is_written_means_what_was_swapped(workplace: Path, slot: str, block: str) -> None:
    config, source = read_config(workplace / "configs" / "base.cfg")
    swapped = archlab.swap(config, slot, block).config
    (workplace / "new.cfg").write_text(config_text(swapped, source.text), encoding="utf8")
    written = archlab.load_config(workplace / "new.cfg")
    assert written == swapped
    assert variant_id(written.interpolate()) == variant_id(swapped.interpolate())
