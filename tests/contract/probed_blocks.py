"""Blocks, readers and a knowledge base for the tests of the probe: they hang, die, forget, or do well."""

# ruff: noqa  # as people write it
# mypy: ignore-errors

import os, signal, subprocess, sys, time
from typing import Callable, List, Optional

import spacy
from spacy.kb import InMemoryLookupKB
from spacy.ml.models.tok2vec import build_hash_embed_cnn_tok2vec
from spacy.tokens import Doc
from spacy.training import Example
from thinc.api import (
    Linear,
    Model,
    PyTorchWrapper,
    Relu,
    Softmax,
    chain,
    list2ragged,
    noop,
    reduce_mean,
    with_array,
)
from thinc.types import Floats1d, Floats2d, Ints2d


def encoder(width=8):
    return build_hash_embed_cnn_tok2vec(
        width=width,
        depth=1,
        embed_size=50,
        window_size=1,
        maxout_pieces=2,
        subword_features=False,
        pretrained_vectors=None,
    )


def tagger(between, nO, after=None):
    output = Softmax(nO, 8)
    model = chain(encoder(), *between, with_array(output), *(after or []))
    model.set_ref("softmax", output)
    return model


@spacy.registry.architectures("probe.Well.v1")
def well(nO: Optional[int] = None) -> Model[List[Doc], List[Floats2d]]:
    return tagger([], nO)


def mischief(model, X, is_train):
    if is_train:
        what = model.attrs["what"]
        if what == "raise":
            raise ArithmeticError("one cannot\ndivide by cucumbers")
        if what == "hang":
            here = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
            there = subprocess.Popen(
                [sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True
            )
            with open(model.attrs["file"], "w") as file:
                file.write(f"{os.getpid()} {here.pid} {there.pid}")
            while True:
                time.sleep(0.1)
        if what == "exit":
            if model.attrs["file"]:
                left = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
                with open(model.attrs["file"], "w") as file:
                    file.write(str(left.pid))
            os._exit(0)
        if what == "sys.exit":
            sys.exit("enough")
        if what == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        if what == "nan":
            X = [x * float("nan") for x in X]
    return X, lambda dX: [dx * 0 for dx in dX] if model.attrs["what"] == "cut" else dX


@spacy.registry.architectures("probe.Mischief.v1")
def make_mischief(what: str, file: str, nO: Optional[int] = None) -> Model[List[Doc], List[Floats2d]]:
    return tagger([Model("mischief", mischief, attrs={"what": what, "file": file})], nO)


def nan_per_doc(model, X, is_train):
    return X * float("nan"), lambda dX: dX


@spacy.registry.architectures("probe.NaN.v1")
def make_nan(nO: Optional[int] = None) -> Model[List[Doc], Floats2d]:
    return chain(encoder(), list2ragged(), reduce_mean(), Linear(nO, 8), Model("nan", nan_per_doc))


@spacy.registry.architectures("probe.Forgets.v1")
def forgets(nO: Optional[int] = None) -> Model[List[Doc], List[Floats2d]]:
    state = {"scale": 1.0}

    def forward(model, X, is_train):
        if is_train:
            state["scale"] += 1.0
        scale = state["scale"]
        return [x * scale for x in X], lambda dX: [dx * scale for dx in dX]

    return tagger([Model("forgetful", forward)], nO)


@spacy.registry.architectures("probe.Draws.v1")
def draws(nO: Optional[int] = None) -> Model[List[Doc], List[Floats2d]]:
    import secrets

    def forward(model, X, is_train):
        scale = 1.0 + secrets.randbelow(1000) / 1000
        return [x * scale for x in X], lambda dX: [dx * scale for dx in dX]

    return tagger([Model("lottery", forward)], nO)


@spacy.registry.architectures("probe.Unused.v1")
def unused(nO: Optional[int] = None) -> Model[List[Doc], List[Floats2d]]:
    import torch

    class Half(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.used, self.idle = torch.nn.Linear(8, 8), torch.nn.Linear(8, 8)

        def forward(self, X):
            return self.used(X)

    return tagger([with_array(PyTorchWrapper(Half()))], nO)


@spacy.registry.architectures("probe.WrongAndBroken.v1")
def wrong_and_broken(nO: Optional[int] = None) -> Model[List[Doc], Floats2d]:
    return tagger([], nO)


@spacy.registry.architectures("probe.WrongAndFine.v1")
def wrong_and_fine(nO: Optional[int] = None) -> Model[List[Doc], List[Ints2d]]:
    return tagger([], nO)


@spacy.registry.architectures("probe.Unannotated.v1")
def unannotated(nO=None):
    return tagger([], nO)


@spacy.registry.misc("probe.KB.v1")
def make_kb() -> Callable:
    def load(vocab):
        kb = InMemoryLookupKB(vocab, entity_vector_length=64)
        kb.add_entity("Q1", freq=3, entity_vector=[float(n % 3) for n in range(64)])
        kb.add_entity("Q2", freq=3, entity_vector=[float(n % 5) for n in range(64)])
        kb.add_alias("Douglas Adams", entities=["Q1", "Q2"], probabilities=[0.5, 0.4])
        return kb

    return load


@spacy.registry.readers("probe.Endless.v1")
def endless(tags: List[str]) -> Callable:
    def read(nlp):
        while True:
            for tag in tags:
                yield Example.from_dict(nlp.make_doc("one two three"), {"tags": [tag] * 3})

    return read
