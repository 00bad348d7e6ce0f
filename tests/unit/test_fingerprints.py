from pathlib import Path
from typing import Any

from archlab.configs import fingerprints
from archlab.configs.fingerprints import run_id, variant_id


def config(**training: Any) -> dict[str, Any]:
    return {
        "nlp": {"lang": "en", "pipeline": ["textcat"]},
        "components": {"textcat": {"factory": "textcat", "threshold": 0.5}},
        "corpora": {"train": {"@readers": "archlab.Diagnostic.v1", "task": "keywords"}},
        "training": {"dropout": 0.1, "seed": 0, **training},
        "paths": {"train": None},
        "vars": {"task": "keywords"},
    }


def test_the_order_of_keys_does_not_matter() -> None:
    turned = {key: config()[key] for key in reversed(list(config()))}
    assert variant_id(turned) == variant_id(config())


def test_seed_logger_paths_variables_and_unused_components_are_not_meaning() -> None:
    other = config(seed=7, logger={"@loggers": "spacy.ConsoleLogger.v1"})
    other["paths"] = {"train": "elsewhere"}
    other["vars"] = {"another": 1}
    other["components"]["unused"] = {"factory": "tagger"}
    assert variant_id(other) == variant_id(config())


def test_every_other_setting_is_meaning() -> None:
    assert variant_id(config(dropout=0.2)) != variant_id(config())
    other = config()
    other["components"]["textcat"]["threshold"] = 0.25
    assert variant_id(other) != variant_id(config())


def test_an_identity_is_twelve_hex_digits() -> None:
    assert len(variant_id(config())) == 12
    int(variant_id(config()), 16)


def test_a_corpus_counts_by_content_wherever_it_lies(tmp_path: Path) -> None:
    def with_file(folder: str, content: str) -> str:
        path = tmp_path / folder / "train.spacy"
        path.parent.mkdir()
        path.write_text(content)
        changed = config()
        changed["corpora"]["train"] = {"@readers": "spacy.Corpus.v1", "path": str(path)}
        return variant_id(changed)

    assert with_file("a", "same") == with_file("b", "same")
    assert with_file("c", "other") != with_file("d", "same")


def test_a_changed_file_is_seen_under_the_same_name(tmp_path: Path) -> None:
    path = tmp_path / "train.spacy"
    path.write_text("before")
    before = fingerprints.content_digest(path)
    path.write_text("afterwards")
    assert fingerprints.content_digest(path) != before


def test_folders_count_by_the_names_and_content_of_their_files(tmp_path: Path) -> None:
    for folder, name in (("a", "x"), ("b", "x"), ("c", "y")):
        (tmp_path / folder / "sub").mkdir(parents=True)
        (tmp_path / folder / "sub" / name).write_text("content")
    a, b, c = (fingerprints.content_digest(tmp_path / folder) for folder in "abc")
    assert a == b != c


def test_a_run_is_known_by_each_part_of_its_identity() -> None:
    parts: tuple[Any, ...] = ("variant", 0, "cpu", "code", "versions")
    changed = [(*parts[:n], "other", *parts[n + 1 :]) for n in range(len(parts))]
    ids = {run_id(*arguments) for arguments in (parts, *changed)}
    assert len(ids) == 6


def test_only_versions_that_change_results_count() -> None:
    known = {"spacy": "3.8.18", "thinc": "8.3.14", "archlab": "0.1.0"}
    digest = fingerprints.versions_digest
    assert digest(known) == digest({**known, "archlab": "0.2.0"})
    assert digest(known) != digest({**known, "spacy": "3.8.19"})
