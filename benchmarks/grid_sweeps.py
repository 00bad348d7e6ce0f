"""The grids that `whole_grids.py` measures: their sweeps, and bases as `spacy init config` writes them."""

from pathlib import Path

import archlab

DEMO = Path(__file__).resolve().parents[1] / "configs" / "base.cfg"

BANKING77 = """
base: base.cfg
score: cats_micro_f
keep_models: all
swaps:
  textcat.model:
    - base
    - spacy.TextCatBOW.v3
    - spacy.TextCatBOW.v3: {ngram_size: 2}
    - spacy.TextCatParametricAttention.v1
    - spacy.TextCatReduce.v1
variants:
  TextCatReduce.v1 over CharacterEmbed.v2:
    textcat.model: spacy.TextCatReduce.v1
    textcat.model.tok2vec.embed: {spacy.CharacterEmbed.v2: {nM: 32}}
limits: {max_steps: 150}
overrides: {training.eval_frequency: 50}
"""

UD_EN_ATIS = """
base: base.cfg
score: dep_las
keep_models: all
swaps:
  tok2vec.model.embed:
    - base
    - spacy.CharacterEmbed.v2: {nM: 32, nC: 8}
    - spacy.MultiHashEmbed.v2: {attrs: [NORM], rows: [5000]}
limits: {max_steps: 200}
overrides: {training.eval_frequency: 50}
"""

WNUT17 = """
base: base.cfg
score: ents_f
keep_models: all
swaps:
  tok2vec.model.encode:
    - base
    - spacy.MishWindowEncoder.v2
    - spacy.TorchBiLSTMEncoder.v1
limits: {max_steps: 200}
overrides: {training.eval_frequency: 50}
"""

BILSTM = """
base: base.cfg
score: ents_f
keep_models: all
seeds: 2
swaps:
  tok2vec.model.encode:
    - spacy.TorchBiLSTMEncoder.v1
limits: {max_steps: 200}
overrides: {training.eval_frequency: 50}
"""

TINY = """
base: base.cfg
score: cats_micro_f
keep_models: all
seeds: 3
swaps:
  textcat.model:
    - base
    - spacy.TextCatBOW.v1
    - spacy.TextCatCNN.v2
    - spacy.TextCatReduce.v1
limits: {max_steps: 10}
overrides: {training.eval_frequency: 5, vars.train_size: 100, vars.dev_size: 50}
"""

A_TENTH = BANKING77.replace(
    "frequency: 50}", "frequency: 50, corpora.train.limit: 900, corpora.dev.limit: 100}"
)
SWEEPS = {
    "banking77": BANKING77,
    "banking77/10": A_TENTH,
    "ud_en_atis": UD_EN_ATIS,
    "wnut17": WNUT17,
    "wnut17/bilstm": BILSTM,
    "tiny": TINY,
}
COMPONENTS = {
    "banking77": ["textcat"],
    "ud_en_atis": ["tagger", "morphologizer", "parser"],
    "wnut17": ["ner"],
}


def corpus_of(name: str) -> str | None:
    """The folder of a grid's corpus; None for the demo, whose texts are made."""
    folder = name.partition("/")[0]
    return folder if folder in COMPONENTS else None


def write_sweep(name: str, folder: Path, data: Path) -> tuple[Path, list[str]]:
    """(the sweep's file, overrides for the command line) of a grid, written into a folder."""
    sweep = folder / f"{name.replace('/', '-')}.yml"
    sweep.write_text(SWEEPS[name], encoding="utf8")
    corpus = corpus_of(name)
    if corpus is None:
        (folder / "base.cfg").write_bytes(DEMO.read_bytes())
        return sweep, []
    from spacy.cli.init_config import init_config

    base = init_config(lang="en", pipeline=COMPONENTS[corpus], optimize="efficiency", gpu=False, silent=True)
    if corpus == "banking77":
        base = archlab.swap(base, "textcat.model", "spacy.TextCatEnsemble.v2").config
    base.to_disk(folder / "base.cfg")
    files = data / corpus / "corpus"
    return sweep, ["--paths.train", f"{files}/train.spacy", "--paths.dev", f"{files}/dev.spacy"]
