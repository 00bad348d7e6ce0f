"""Hugging Face models of a few thousand weights, made in a folder: config, weights and tokenizer."""

import os
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"  # before transformers is imported, here and in child processes

WORDS = ("alpha", "beta", "gamma", "delta", "not", "the", "run", "##er", "##ing", ".", ",", "!")
SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
LETTERS = tuple("abcdefghijklmnopqrstuvwxyz")
PIECES = (*SPECIAL, *WORDS, *LETTERS, *(f"##{letter}" for letter in LETTERS))

WIDTH = 16
LAYERS = 2


def make_bert(folder: Path, seed: int = 0) -> Path:
    """A BERT with WordPiece tokens, as `from_pretrained(folder)` loads it; gives the folder."""
    import torch
    from transformers import BertConfig, BertModel, BertTokenizerFast

    folder.mkdir(parents=True)
    vocabulary = folder / "vocab.txt"
    vocabulary.write_text("\n".join(PIECES) + "\n", encoding="utf8")
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = BertModel(
            BertConfig(
                vocab_size=len(PIECES),
                hidden_size=WIDTH,
                num_hidden_layers=LAYERS,
                num_attention_heads=2,
                intermediate_size=32,
                max_position_embeddings=64,
            )
        )
    model.save_pretrained(folder)
    BertTokenizerFast(vocab_file=str(vocabulary), model_max_length=64).save_pretrained(folder)
    return folder


def make_roberta(folder: Path) -> Path:
    """A RoBERTa of as many weights, with byte-level pieces: letters, and a merge of two of them."""
    import json

    from transformers import RobertaConfig, RobertaModel, RobertaTokenizerFast

    folder.mkdir(parents=True)
    pieces = ["<s>", "<pad>", "</s>", "<unk>", "<mask>", *LETTERS, "Ġ", ".", "al"]
    vocabulary, merges = folder / "vocab.json", folder / "merges.txt"
    vocabulary.write_text(json.dumps({piece: number for number, piece in enumerate(pieces)}))
    merges.write_text("#version: 0.2\na l\n")
    RobertaModel(
        RobertaConfig(
            vocab_size=len(pieces),
            hidden_size=WIDTH,
            num_hidden_layers=LAYERS,
            num_attention_heads=2,
            intermediate_size=32,
            max_position_embeddings=66,
            type_vocab_size=1,
        )
    ).save_pretrained(folder)
    RobertaTokenizerFast(
        vocab_file=str(vocabulary), merges_file=str(merges), model_max_length=64
    ).save_pretrained(folder)
    return folder


BASE = """
[paths]
train = "train.spacy"
dev = "dev.spacy"

[nlp]
lang = "en"
pipeline = ["tagger", "textcat"]

[components]

[components.tagger]
factory = "tagger"

[components.textcat]
factory = "textcat"

[components.textcat.model]
@architectures = "spacy.TextCatReduce.v1"
exclusive_classes = true
use_reduce_first = false
use_reduce_last = false
use_reduce_max = false
use_reduce_mean = true

[components.textcat.model.tok2vec]
@architectures = "spacy.HashEmbedCNN.v2"
pretrained_vectors = null
width = 32
depth = 1
embed_size = 100
window_size = 1
maxout_pieces = 2
subword_features = true

[corpora]

[corpora.train]
@readers = "spacy.Corpus.v1"
path = ${paths.train}

[corpora.dev]
@readers = "spacy.Corpus.v1"
path = ${paths.dev}

[training]
max_steps = 6
eval_frequency = 3
seed = 4
"""
"""A tagger and a text classifier, each with a tok2vec of its own: a base for the recipe transformer."""


def write_corpus(folder: Path) -> None:
    """train.spacy and dev.spacy: the tag of a word is its first letter, the label turns on its first word."""
    import spacy
    from spacy.tokens import Doc, DocBin

    vocab = spacy.blank("en").vocab
    for name, size in (("train", 24), ("dev", 8)):
        docs = DocBin()
        for number in range(size):
            words = [*(WORDS[(number + place) % 4] for place in range(4 + number % 3)), "running", "."]
            doc = Doc(vocab, words=words, tags=[word[0].upper() for word in words])
            doc.cats = {"even": float(number % 2 == 0), "odd": float(number % 2)}
            docs.add(doc)
        docs.to_disk(folder / f"{name}.spacy")
