"""A Hugging Face model of a few thousand weights, made in a folder: config, weights and tokenizer."""

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


def bert_block() -> dict[str, object]:
    """What the curated BertTransformer must be told of `make_bert`'s model."""
    return {
        "vocab_size": len(PIECES),
        "hidden_width": WIDTH,
        "num_hidden_layers": LAYERS,
        "num_attention_heads": 2,
        "intermediate_width": 32,
        "max_position_embeddings": 64,
        "model_max_length": 64,
    }
