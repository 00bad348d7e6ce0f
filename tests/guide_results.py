"""What a page of the guide has trained: the results in experiments/, and its models loaded elsewhere."""

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from spacy.tokens import Doc, DocBin, Token
from spacy.vocab import Vocab

ROUNDING = 1e-9
"""`spacy evaluate --output` writes ten digits."""


def trained(workplace: Path, sweep: str) -> dict[str, dict[str, Any]]:
    """Variant -> its result.json with the folder of the run under "folder"; asserts that all are done."""
    results = {}
    for file in sorted((workplace / "experiments" / sweep / "runs").glob("*/result.json")):
        result = json.loads(file.read_text(encoding="utf8"))
        assert result["status"] == "done", f"{result['variant']}: {result['reason']}"
        results[result["variant"]] = {**result, "folder": file.parent}
    return results


def kept(results: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The results whose models were kept."""
    found = {name: result for name, result in results.items() if (result["folder"] / "model-best").is_dir()}
    assert found, "no model was kept"
    return found


def assert_loads_elsewhere(
    result: dict[str, Any], workplace: Path, scores: list[str], code: str | None = None
) -> None:
    """`spacy evaluate` of the saved model, in a new process without archlab, gives the same scores."""
    model, output = result["folder"] / "model-best", workplace / "evaluated.json"
    command = [sys.executable, "-m", "spacy", "evaluate", str(model), "corpus/dev.spacy", "-o", str(output)]
    command += ["--code", code] if code else []
    ended = subprocess.run(command, cwd=workplace, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    evaluated = json.loads(output.read_text(encoding="utf8"))
    expected = {name: result["scores"][name] for name in scores}
    assert {name: evaluated[name] for name in scores} == pytest.approx(expected, abs=ROUNDING)


def read_docs(file: Path) -> list[Doc]:
    return list(DocBin().from_disk(file).get_docs(Vocab()))


def majority_share(corpus: Path, value: Callable[[Token], str]) -> float:
    """How often the tokens of dev have the value that is most frequent in train."""
    train, dev = (
        [value(token) for doc in read_docs(corpus / f"{part}.spacy") for token in doc]
        for part in ("train", "dev")
    )
    usual = Counter(train).most_common(1)[0][0]
    return dev.count(usual) / len(dev)
