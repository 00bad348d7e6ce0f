"""The networks of examples/, trained a little or loaded: `python tagger_networks.py train|load FOLDER [GPU]`.

train: FOLDER/NAME is the pipeline, FOLDER/NAME.npz what its model gives in the process that trained it.
load: asserts that a process of its own, without the training, gives the same to the last bit.
"""

import sys
from functools import partial
from pathlib import Path
from typing import Any

import numpy
import spacy
from example_code import import_example
from spacy.lang.en import English
from spacy.tokens import Doc
from spacy.training import Example
from spacy.util import registry
from thinc.api import fix_random_seed, require_gpu

SIZES = {"width": 16, "hidden_width": 12, "embed_size": 50, "nM": 4, "nC": 4, "dropout": 0.1}
NETWORKS: dict[str, dict[str, Any]] = {
    "CustomTorchModel.v1": {**SIZES, "nO": 3},
    "CustomTorchModel.v2": {**SIZES, "nO": 3},
    "TorchThincMix.v1": SIZES,
    "CustomThincModel.v1": {**SIZES, "nO": 3},
    "CustomThincModel.v2": {**SIZES, "nO": 3},
    "CustomThincModel.v3": SIZES,
    "CustomThincModel.v4": {**SIZES, "normalize": True},
}
TEXTS = {"show me flights": "VDN", "flights to Boston": "NVD", "Boston please": "DV", "me": "D"}


def train(folder: Path) -> None:
    for name, arguments in NETWORKS.items():
        fix_random_seed(0)
        nlp = English()
        nlp.add_pipe("tagger", config={"model": {"@architectures": name, **arguments}})
        docs = [Doc(nlp.vocab, words=text.split(), tags=list(tags)) for text, tags in TEXTS.items()]
        examples = [Example(nlp.make_doc(doc.text), doc) for doc in docs]
        optimizer = nlp.initialize(partial(iter, examples))
        losses = [nlp.update(examples, sgd=optimizer)["tagger"] for _ in range(20)]
        assert losses[-1] < losses[0], f"{name} learns nothing: {losses}"
        nlp.to_disk(folder / name)
        numpy.savez(folder / f"{name}.npz", *scores(nlp))


def load(folder: Path) -> None:
    for name in NETWORKS:
        trained = numpy.load(folder / f"{name}.npz")
        for one, other in zip(scores(spacy.load(folder / name)), trained.values(), strict=True):
            assert numpy.array_equal(one, other), name


def scores(nlp: Any) -> list[Any]:
    """What the model gives for each text, in the memory of the CPU."""
    model = nlp.get_pipe("tagger").model
    return [model.ops.to_numpy(array) for array in model.predict([nlp.make_doc(text) for text in TEXTS])]


if __name__ == "__main__":
    what, folder, *gpu = sys.argv[1:]
    if gpu:
        require_gpu(int(gpu[0]))
    for example in ("torch_tagger", "thinc_tagger"):
        import_example(example, keep=True)
    assert all(registry.has("architectures", name) for name in NETWORKS)
    {"train": train, "load": load}[what](Path(folder))
