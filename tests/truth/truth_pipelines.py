"""The pipelines of the ground truth, one for each trainable component, written by hand, and their corpora.

Nothing here knows archlab: what a config does is found by training it with spaCy.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy
import spacy
from spacy.kb import InMemoryLookupKB
from spacy.language import DEFAULT_CONFIG, DEFAULT_CONFIG_PRETRAIN_PATH
from spacy.tokens import Doc, DocBin, Span
from spacy.util import load_config
from spacy.vocab import Vocab

Section = dict[str, Any]

WIDTH = 24
"""Of everything between embedding and output; no number of labels below is the same."""

ENTITIES = ("Q1", "Q2")
VECTORS = 12


# Blocks that the pipelines share, and the table of blocks as well.


def architecture(name: str, **arguments: Any) -> Section:
    return {"@architectures": name, **arguments}


def layer(name: str, **arguments: Any) -> Section:
    return {"@layers": name, **arguments}


def hashes() -> Section:
    attributes = ["NORM", "PREFIX", "SHAPE"]
    return architecture(
        "spacy.MultiHashEmbed.v2",
        width=WIDTH,
        attrs=attributes,
        rows=[60, 50, 40],
        include_static_vectors=False,
    )


def window() -> Section:
    return architecture("spacy.MaxoutWindowEncoder.v2", width=WIDTH, window_size=1, maxout_pieces=2, depth=1)


def tok2vec() -> Section:
    return architecture("spacy.Tok2Vec.v2", embed=hashes(), encode=window())


def cnn() -> Section:
    return architecture(
        "spacy.HashEmbedCNN.v2",
        width=WIDTH,
        depth=1,
        embed_size=60,
        window_size=1,
        maxout_pieces=2,
        subword_features=True,
        pretrained_vectors=None,
    )


def listener() -> Section:
    return architecture("spacy.Tok2VecListener.v1", width=WIDTH, upstream="*")


def bow(exclusive: bool) -> Section:
    return architecture(
        "spacy.TextCatBOW.v3",
        exclusive_classes=exclusive,
        ngram_size=1,
        no_output_layer=False,
        length=4096,
        nO=None,
    )


def ensemble(exclusive: bool) -> Section:
    return architecture("spacy.TextCatEnsemble.v2", linear_model=bow(exclusive), tok2vec=tok2vec(), nO=None)


def tagger(inner: Section) -> Section:
    return architecture("spacy.Tagger.v2", tok2vec=inner, nO=None, normalize=False)


def transitions(state_type: str) -> Section:
    return architecture(
        "spacy.TransitionBasedParser.v2",
        state_type=state_type,
        extra_state_tokens=False,
        hidden_width=18,
        maxout_pieces=2,
        use_upper=True,
        nO=None,
        tok2vec=tok2vec(),
    )


def span_categorizer() -> Section:
    return architecture(
        "spacy.SpanCategorizer.v1",
        tok2vec=tok2vec(),
        reducer=layer("spacy.mean_max_reducer.v1", hidden_size=20),
        scorer=layer("spacy.LinearLogistic.v1", nO=None, nI=None),
    )


def span_finder() -> Section:
    return architecture(
        "spacy.SpanFinder.v1",
        tok2vec=tok2vec(),
        scorer=layer("spacy.LinearLogistic.v1", nO=2, nI=None),
    )


# The pipelines.


def _component(factory: str, model: Section | None = None, **settings: Any) -> Section:
    return {"factory": factory, **settings, **({"model": model} if model else {})}


def _ngrams() -> Section:
    return {"@misc": "spacy.ngram_suggester.v1", "sizes": [1, 2]}


def _linked(linker: Section, folder: Path) -> Section:
    patterns = {"@readers": "srsly.read_json.v1", "path": str(folder / "patterns.json")}
    knowledge = {"@misc": "spacy.KBFromFile.v1", "kb_path": str(folder / "kb")}
    return {
        "components": {
            "sentencizer": _component("sentencizer"),
            "entity_ruler": _component("entity_ruler"),
            "entity_linker": linker,
        },
        "training": {"annotating_components": ["sentencizer", "entity_ruler"]},
        "initialize": {
            "components": {"entity_ruler": {"patterns": patterns}, "entity_linker": {"kb_loader": knowledge}}
        },
    }


def pipelines(folder: Path) -> dict[str, Section]:
    """name -> config, not filled; folder: where `write_corpora` has written."""
    alone = {
        "textcat": _component("textcat", ensemble(True)),
        "textcat_multilabel": _component("textcat_multilabel", ensemble(False)),
        "tagger": _component("tagger", tagger(tok2vec())),
        "morphologizer": _component("morphologizer", tagger(tok2vec())),
        "senter": _component("senter", tagger(tok2vec())),
        "trainable_lemmatizer": _component("trainable_lemmatizer", tagger(tok2vec()), min_tree_freq=1),
        "parser": _component("parser", transitions("parser"), min_action_freq=1),
        "ner": _component("ner", transitions("ner")),
        "spancat": _component("spancat", span_categorizer(), suggester=_ngrams()),
        "span_finder": _component("span_finder", span_finder()),
    }
    linker = architecture("spacy.EntityLinker.v2", tok2vec=tok2vec(), nO=None)
    shared = {
        "tok2vec": _component("tok2vec", tok2vec()),
        "tagger": _component("tagger", tagger(listener())),
        "textcat": _component("textcat", {**ensemble(True), "tok2vec": listener()}),
    }
    vectors = {"initialize": {"vectors": str(folder / "vectors")}}
    pretraining = {
        "component": "tok2vec",
        "layer": "",
        "max_epochs": 2,
        "corpus": "corpora.pretrain",
        "batcher": {"@batchers": "spacy.batch_by_words.v1", "size": 60, "discard_oversize": False},
        "objective": _characters(),
    }
    parts: dict[str, Section] = {
        **{name: {"components": {name: section}} for name, section in alone.items()},
        "entity_linker": _linked(_component("entity_linker", linker), folder),
        "tok2vec": {"components": shared},
        "textcat_with_vectors": {"components": {"textcat": alone["textcat"]}, **vectors},
        "tagger_with_vectors": {"components": {"tagger": alone["tagger"]}, **vectors},
        "pretraining": {"components": shared, "pretraining": pretraining, **vectors},
    }
    return {name: _config(part, folder) for name, part in parts.items()}


def _characters() -> Section:
    return architecture("spacy.PretrainCharacters.v1", maxout_pieces=2, hidden_size=30, n_characters=3)


def _config(part: Mapping[str, Any], folder: Path) -> Section:
    corpora = {
        name: {"@readers": "spacy.Corpus.v1", "path": str(folder / f"{name}.spacy"), "max_length": 0}
        for name in ("train", "dev")
    }
    training = {
        "seed": 0,
        "max_steps": 20,
        "eval_frequency": 10,
        "dropout": 0.1,
        "train_corpus": "corpora.train",
        "dev_corpus": "corpora.dev",
        "batcher": {"@batchers": "spacy.batch_by_sequence.v1", "size": 6},
        "optimizer": {"@optimizers": "Adam.v1", "learn_rate": 0.005},
        **part.get("training", {}),
    }
    more: Section = {"pretraining": part["pretraining"]} if "pretraining" in part else {}
    if more:
        texts = {"@readers": "spacy.JsonlCorpus.v1", "path": str(folder / "texts.jsonl"), "min_length": 1}
        corpora["pretrain"] = texts
    own = {
        "nlp": {"lang": "en", "pipeline": list(part["components"]), "batch_size": 8},
        "components": part["components"],
        "corpora": corpora,
        "training": training,
        "initialize": part.get("initialize", {}),
        **more,
    }
    return dict(
        (DEFAULT_CONFIG.merge(load_config(DEFAULT_CONFIG_PRETRAIN_PATH)) if more else DEFAULT_CONFIG).merge(
            own
        )
    )


# Their corpora. Of each word: form, part of speech, tag, morphology, lemma, dependency, head, entity.

SENTENCES = """
Anna PROPN NNP Number=Sing Anna nsubj 1 PERSON|sees VERB VBZ Number=Sing see ROOT 1 -|old ADJ JJ Degree=Pos old amod 3 -|dogs NOUN NNS Number=Plur dog dobj 1 -
The DET DT Definite=Def the det 1 -|dogs NOUN NNS Number=Plur dog nsubj 2 -|bark VERB VBP Number=Plur bark ROOT 2 -|in ADP IN _ in prep 2 -|Berlin PROPN NNP Number=Sing Berlin pobj 3 PLACE|. PUNCT . _ . punct 2 -
Berlin PROPN NNP Number=Sing Berlin nsubj 1 PLACE|likes VERB VBZ Number=Sing like ROOT 1 -|Anna PROPN NNP Number=Sing Anna dobj 1 PERSON|. PUNCT . _ . punct 1 -
Stop VERB VB _ stop ROOT 0 -|! PUNCT . _ ! punct 0 -
Old ADJ JJ Degree=Pos old amod 1 -|friends NOUN NNS Number=Plur friend nsubj 2 -|see VERB VBP Number=Plur see ROOT 2 -|Anna PROPN NNP Number=Sing Anna dobj 2 PERSON|in ADP IN _ in prep 2 -|Berlin PROPN NNP Number=Sing Berlin pobj 4 PLACE
"""  # noqa: E501
DOCUMENTS = ((0,), (1,), (2, 3), (4,), (3,), (0, 1), (1, 2), (4, 0))
CATS = ("ANIMAL", "PLACE", "OTHER")


def write_corpora(folder: Path) -> None:
    """train.spacy, dev.spacy, texts.jsonl, a knowledge base, patterns for it, and a pipeline with vectors."""
    vocab = spacy.blank("en").vocab
    sentences = [[word.split() for word in line.split("|")] for line in SENTENCES.strip().splitlines()]
    docs = [_document(vocab, [sentences[number] for number in chosen]) for chosen in DOCUMENTS]
    DocBin(docs=[*docs, *docs], store_user_data=True).to_disk(folder / "train.spacy")
    DocBin(docs=docs, store_user_data=True).to_disk(folder / "dev.spacy")
    _write_lines(folder / "texts.jsonl", [{"text": doc.text} for doc in docs] * 5)
    names = {"Anna": "PERSON", "Berlin": "PLACE"}
    patterns = [{"label": label, "pattern": name, "id": name} for name, label in names.items()]
    (folder / "patterns.json").write_text(json.dumps(patterns), encoding="utf8")
    knowledge = InMemoryLookupKB(vocab, entity_vector_length=20)
    for number, name in enumerate(ENTITIES):
        knowledge.add_entity(name, freq=5, entity_vector=[float(number), *[0.5] * 19])
    for alias in names:
        knowledge.add_alias(alias, list(ENTITIES), [0.6, 0.4])
    knowledge.to_disk(folder / "kb")
    nlp = spacy.blank("en")
    random = numpy.random.default_rng(0)
    for word in {word[0] for sentence in sentences for word in sentence}:
        vector = random.normal(size=VECTORS).astype("f")
        nlp.vocab.set_vector(word, vector)  # type: ignore[arg-type]  # an array is one of Floats1d
    nlp.to_disk(folder / "vectors")


def _write_lines(file: Path, rows: list[Section]) -> None:
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf8")


def _document(vocab: Vocab, sentences: list[list[list[str]]]) -> Doc:
    words = [word for sentence in sentences for word in sentence]
    starts = [0]
    for sentence in sentences:
        starts.append(starts[-1] + len(sentence))
    offsets = [start for start, sentence in zip(starts, sentences, strict=False) for _ in sentence]
    doc = Doc(
        vocab,
        words=[word[0] for word in words],
        pos=[word[1] for word in words],
        tags=[word[2] for word in words],
        morphs=[word[3].replace("_", "") for word in words],
        lemmas=[word[4] for word in words],
        deps=[word[5] for word in words],
        heads=[int(word[6]) + offset for word, offset in zip(words, offsets, strict=True)],
    )
    doc.ents = tuple(
        Span(doc, place, place + 1, label=word[7], kb_id=ENTITIES[word[7] == "PLACE"])
        for place, word in enumerate(words)
        if word[7] != "-"
    )
    doc.spans["sc"] = [
        *(Span(doc, e.start, e.end, label=e.label) for e in doc.ents),
        Span(doc, 0, 2, "START"),
    ]
    text = doc.text.lower()
    told = "ANIMAL" if "dogs" in text else "PLACE" if "berlin" in text else "OTHER"
    doc.cats = {cat: float(cat == told) for cat in CATS}
    return doc
