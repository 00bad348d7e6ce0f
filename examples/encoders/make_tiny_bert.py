"""Make a small BERT of random weights that knows the words of a corpus, in a folder.

    python examples/encoders/make_tiny_bert.py corpus/train.spacy tiny-bert

It stands in for a model of the Hugging Face hub where there is no network: it has learned nothing.
"""

import sys
from collections import Counter
from pathlib import Path

import torch
from spacy.tokens import DocBin
from spacy.vocab import Vocab
from transformers import BertConfig, BertModel, BertTokenizerFast

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789'-."
WORDS = 500


def make_tiny_bert(corpus: Path, folder: Path) -> None:
    """Write config, weights and tokenizer, as `from_pretrained(folder)` reads them."""
    folder.mkdir(parents=True, exist_ok=True)
    vocabulary = folder / "vocab.txt"
    vocabulary.write_text("\n".join(word_pieces(corpus)) + "\n", encoding="utf8")
    tokenizer = BertTokenizerFast(vocab_file=str(vocabulary), model_max_length=512)
    torch.manual_seed(0)
    sizes = BertConfig(
        vocab_size=tokenizer.vocab_size,
        hidden_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=128,
    )
    BertModel(sizes).save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def word_pieces(corpus: Path) -> list[str]:
    """The most frequent words of a corpus; all others are spelled."""
    docs = DocBin().from_disk(corpus).get_docs(Vocab())
    counted = Counter(token.text.lower() for doc in docs for token in doc)
    words = [word for word, _ in counted.most_common(WORDS) if word not in LETTERS]
    return [*SPECIAL, *LETTERS, *(f"##{letter}" for letter in LETTERS), *words]


if __name__ == "__main__":
    make_tiny_bert(Path(sys.argv[1]), Path(sys.argv[2]))
