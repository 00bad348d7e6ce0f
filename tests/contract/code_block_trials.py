"""What becomes of each block of code_blocks.py: `truth` as spaCy trains it, `verdicts` as archlab checks it.

Each in a fork of one process: what one block registers, builds or breaks touches no other. Prints JSON.
"""

import contextlib
import gc
import json
import os
import sys
import tempfile
import warnings
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

from forked_probe import probe_in_forks

FOLDER = Path(__file__).parent
CODE = [FOLDER / "code_blocks.py", FOLDER / "code_blocks_later.py"]

Section = dict[str, Any]


def block(name: str, **arguments: Any) -> Section:
    return {"@architectures": name, **arguments}


def textcat(name: str, **more: Any) -> Section:
    return {"factory": "textcat", "model": block(name, nO=None, **more)}


def tagger(tok2vec: Section) -> Section:
    return {"factory": "tagger", "model": block("spacy.Tagger.v2", nO=None, tok2vec=tok2vec)}


def embedded(embed: Section) -> Section:
    encode = block("spacy.MaxoutWindowEncoder.v2", width=16, window_size=1, maxout_pieces=2, depth=1)
    return tagger(block("spacy.Tok2Vec.v2", embed=embed, encode=encode))


POOLED = {
    "b": {"@layers": "list2ragged.v1"},
    "c": {"@layers": "reduce_mean.v1"},
    "d": {"@layers": "Linear.v1", "nO": None, "nI": None},
}

CLASSIFIERS = (
    *(
        "Well",
        "Modest",
        "BrokenPromise",
        "BrokenNone",
        "Plain",
        "BrokenPlain",
        "Bare",
        "Quoted",
        "Hidden",
        "Nonsense",
    ),
    *("Polite", "Rude", "BrokenRude", "TwiceWrapped", "Careless", "BrokenCareless"),
    *("Object", "Partial", "NamedPartial", "Lambda", "Method"),
    *("Keywords", "KeywordOnly", "PositionalOnly", "BrokenDefault", "Torch", "BrokenTorch"),
)
TOK2VECS = (
    *("Tokens", "PlainTokens", "QuotedTokens", "RudeTokens", "TorchTokens"),
    *("BrokenTokens", "BrokenWidth", "BrokenPlainTokens"),
)

CASES: dict[str, Section] = {
    **{name: textcat(f"code.{name}.v1") for name in CLASSIFIERS},
    "Between": textcat("code.Between.v1", **{"*": {"a": block("code.Same.v1"), "b": block("code.Same.v1")}}),
    "Modest inside": {
        "factory": "textcat",
        "model": {"@layers": "chain.v1", "*": {"a": block("code.ModestTokens.v1"), **POOLED}},
    },
    **{f"later {name}": textcat(f"later.{name}.v1") for name in ("Well", "Broken")},
    **{name: tagger(block(f"code.{name}.v1", width=16)) for name in TOK2VECS},
    **{f"embed {name}": embedded(block(f"code.{name}.v1", width=16)) for name in TOK2VECS},
    "embed of another width": embedded(block("code.Tokens.v1", width=24)),
}


def make_config(component: Section) -> Section:
    reader = {"@readers": "code.Docs.v1"}
    return {
        "nlp": {"lang": "en", "pipeline": [component["factory"]]},
        "components": {component["factory"]: component},
        "corpora": {"train": reader, "dev": reader},
        "training": {"max_steps": 4, "eval_frequency": 2},
    }


def train(config: Section) -> bool:
    """Whether spaCy trains it for 4 steps with evaluation, saves, loads and runs it."""
    import spacy
    from confection import Config
    from spacy.training.initialize import init_nlp
    from spacy.training.loop import train as spacy_train
    from spacy.util import import_file, load_model_from_config

    for file in CODE:
        import_file("python_code", file)
    try:
        filled = load_model_from_config(Config(config), auto_fill=True).config
        with tempfile.TemporaryDirectory() as folder:
            spacy_train(init_nlp(filled), Path(folder), stdout=StringIO(), stderr=StringIO())
            spacy.load(Path(folder) / "model-last")("We like cats.")
    except Exception:
        return False
    return True


def judge(config: Section) -> dict[str, list[str]]:
    """The errors that archlab finds, by the level up to which it looks."""
    from confection import Config

    import archlab
    from archlab.configs.code import import_code
    from archlab.configs.filling import fill_config
    from archlab.errors import ArchlabError

    import_code(CODE)
    probe_in_forks()
    found: dict[str, list[str]] = {}
    for level in ("types", "build", "probe"):
        try:
            filled = fill_config(Config(config, is_interpolated=False))
            found[level] = [f.message for f in archlab.check(filled, level, code=CODE).errors]
        except ArchlabError as error:
            found[level] = [str(error)]
    return found


def in_fork(work: Callable[[Section], Any], config: Section) -> Any:
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        with contextlib.suppress(BaseException), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            os.dup2(2, 1)
            os.write(writing, json.dumps(work(config)).encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        told = pipe.read()
    os.waitpid(pid, 0)
    return json.loads(told)


if __name__ == "__main__":
    import spacy.training.loop  # noqa: F401  # once for all forks
    import torch  # noqa: F401
    from spacy.util import registry

    registry._entry_point_factories.get_all()
    gc.freeze()  # or the collector goes through all that at the end: a second
    work = {"truth": train, "verdicts": judge}[sys.argv[1]]
    names = sys.argv[2:] or list(CASES)
    print(json.dumps({name: in_fork(work, make_config(CASES[name])) for name in names}))  # noqa: T201
