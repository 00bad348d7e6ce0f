"""Small configs for the tests of structure, as mappings, and the documents they train on."""

import copy
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy
from spacy.tokens import Doc, Span
from spacy.training import Example
from spacy.util import registry

from archlab.configs.filling import fill_config
from archlab.configs.loading import as_config

Section = dict[str, Any]

SENTENCES = (
    ("I", "like", "London", "very", "much"),
    ("She", "hates", "Paris", "today", "."),
    ("We", "like", "Rome", "a", "lot"),
    ("They", "hate", "Berlin", "now", "!"),
)


def create_reader() -> Any:
    def read(nlp: Any) -> Iterator[Example]:
        for n in range(8):
            words, good = SENTENCES[n % 4], n % 2 == 0
            doc = Doc(
                nlp.vocab,
                words=list(words),
                tags=["PRP", "V", "NNP", "RB", "X"],
                pos=["PRON", "VERB", "PROPN", "ADV", "X"],
                morphs=["Case=Nom", "", "", "", ""],
                heads=[1] * 5,
                deps=["nsubj", "ROOT", "dobj", "advmod", "punct"],
                lemmas=[word.lower() for word in words],
                sent_starts=[True, False, False, False, False],
            )
            doc.ents = (Span(doc, 2, 3, label="GPE"),)
            doc.spans["sc"] = [Span(doc, 2, 3, label="A"), Span(doc, 0, 1, label="B")]
            doc.cats = {"GOOD": float(good), "BAD": float(not good)}
            doc.spans["other"] = list(doc.spans["sc"])
            yield Example(nlp.make_doc(doc.text), doc)

    return read


def create_vectors() -> Any:
    def add(nlp: Any) -> Any:
        for number, word in enumerate(("I", "like", "London")):
            nlp.vocab.set_vector(word, numpy.full(8, number, dtype="f"))
        return nlp

    return add


registry.readers("test.Structure.v1", func=create_reader)
registry.callbacks("test.Vectors.v1", func=create_vectors)


# Blocks and components.


def block(name: str, registry: str = "architectures", **arguments: Any) -> Section:
    return {f"@{registry}": name if registry != "architectures" else f"spacy.{name}", **arguments}


def cnn(width: int = 16, **changes: Any) -> Section:
    sizes: Section = {"depth": 1, "embed_size": 50, "window_size": 1, "maxout_pieces": 2}
    more = {"subword_features": False, "pretrained_vectors": None, **changes}
    return block("HashEmbedCNN.v2", width=width, **sizes, **more)


def hashes(width: int = 16, **changes: Any) -> Section:
    arguments = {"attrs": ["NORM"], "rows": [50], "include_static_vectors": False, **changes}
    return block("MultiHashEmbed.v2", width=width, **arguments)


def characters(width: int) -> Section:
    return block("spacy.CharEmbed.v1", "layers", nM=width, nC=1)


def window(width: int = 16) -> Section:
    return block("MaxoutWindowEncoder.v2", width=width, window_size=1, maxout_pieces=2, depth=1)


def bilstm(width: int = 16, depth: int = 1) -> Section:
    return block("TorchBiLSTMEncoder.v1", width=width, depth=depth, dropout=0.0)


def tok2vec(embed: Section, encode: Section) -> Section:
    return block("Tok2Vec.v2", embed=embed, encode=encode)


def concatenated(*layers: Section) -> Section:
    positional = {f"layer{number}": inner for number, inner in enumerate(layers)}
    return block("concatenate.v1", "layers", **{"*": positional})


def listener(width: int = 16, upstream: str = "*") -> Section:
    return block("Tok2VecListener.v1", width=width, upstream=upstream)


def tagger(inner: Section | None = None, nO: int | None = None, **changes: Any) -> Section:
    return {"factory": "tagger", "model": block("Tagger.v2", nO=nO, tok2vec=inner or cnn()), **changes}


def shared(model: Section | None = None) -> Section:
    return {"factory": "tok2vec", "model": model or cnn()}


def bow(exclusive: bool = True, **changes: Any) -> Section:
    arguments = {"ngram_size": 1, "no_output_layer": False, "length": 1000, **changes}
    return block("TextCatBOW.v3", exclusive_classes=exclusive, **arguments)


def ensemble(linear: Section | None = None, nO: int | None = None) -> Section:
    return block("TextCatEnsemble.v2", nO=nO, linear_model=linear or bow(), tok2vec=cnn())


def reduced(inner: Section) -> Section:
    pooled = {"use_reduce_first": False, "use_reduce_last": False, "use_reduce_max": False}
    arguments: Section = {"exclusive_classes": True, "nO": None, "use_reduce_mean": True, **pooled}
    return block("TextCatReduce.v1", tok2vec=inner, **arguments)


def finder(nO: int | None = 2, nI: int | None = None, scorer: Section | None = None) -> Section:
    scorer = scorer or block("spacy.LinearLogistic.v1", "layers", nO=nO, nI=nI)
    return block("SpanFinder.v1", tok2vec=cnn(), scorer=scorer)


def spans(
    nI: int | None = None, nO: int | None = None, scorer: Section | None = None, hidden: int = 16
) -> Section:
    reducer = block("spacy.mean_max_reducer.v1", "layers", hidden_size=hidden)
    scorer = scorer or block("spacy.LinearLogistic.v1", "layers", nO=nO, nI=nI)
    return block("SpanCategorizer.v1", tok2vec=cnn(), reducer=reducer, scorer=scorer)


def component(factory: str, model: Section, **changes: Any) -> Section:
    return {"factory": factory, "model": model, **changes}


TRAINED: Section = {"source": "TRAINED"}  # where it is trained, a pipeline stands there


@dataclass(frozen=True)
class Case:
    """A config, and the finding it must give; `where` (severity and slot) is empty where it is right."""

    name: str
    components: Section
    where: str = ""
    message: str = ""
    fix: str | None = None
    training: Section = field(default_factory=dict)
    initialize: Section = field(default_factory=dict)
    nlp: Section = field(default_factory=dict)

    @property
    def severity(self) -> str:
        return self.where.partition(" ")[0]

    def config(self, trained: str = "TRAINED") -> Section:
        components = copy.deepcopy(self.components)
        for section in components.values():
            if "source" in section:
                section["source"] = trained
        reader = {"@readers": "test.Structure.v1"}
        mapping = {
            "nlp": {"lang": "en", "pipeline": list(components), **self.nlp},
            "components": components,
            "corpora": {"train": reader, "dev": reader},
            "training": {"max_steps": 2, "eval_frequency": 1, **self.training},
            "initialize": self.initialize,
        }
        return dict(fill_config(as_config(mapping)))
