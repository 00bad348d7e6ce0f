"""What a config means, as a digest: two ways to say the same config have one fingerprint."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

SECTIONS = ("nlp", "components", "corpora", "training", "initialize")
"""What spaCy trains by. [paths], [system], [vars] and the like only lend values to these."""

PATH_KEYS = {"path", "vectors", "init_tok2vec", "vocab_data", "source", "raw_text", "labels", "loader_path"}
"""Settings that may name a file or a folder: what it holds counts, not where it lies."""

VERSIONED = ("spacy", "spacy-legacy", "thinc", "numpy", "torch")

TRAINING_FORMAT = 1
"""Raised only when archlab's own training would give other results."""

DIGITS = 12


def variant_id(config: Mapping[str, Any]) -> str:
    """The first 12 hex digits of SHA-256 over what a filled, interpolated config means.

    Left out: paths (replaced by the content of what they point at), training.seed, loggers, components
    outside the pipeline. Floats count by their repr, keys in any order; but where a component holds blocks
    that are not spaCy's, the order of sublayers counts, because layers without a seed of their own are seeded
    by the order in which they are built.
    """
    return digest(_meaning(config))


def config_digest(config: Mapping[str, Any]) -> str:
    """Like `variant_id`, with the data left out: the config alone."""
    meaning = _meaning(config)
    return digest({key: value for key, value in meaning.items() if key != "corpora"})


def data_digest(config: Mapping[str, Any]) -> str:
    """The digest of the corpora: content of files, or arguments of readers."""
    return digest(_meaning(config).get("corpora", {}))


def code_digest(files: Iterable[str | Path]) -> str:
    """The digest of the content of --code files, in their order."""
    return digest([content_digest(Path(file)) for file in files])


def versions_digest(versions: Mapping[str, str]) -> str:
    """The digest of the versions that change results, and of archlab's training format."""
    relevant = {name: versions.get(name) for name in VERSIONED}
    return digest({**relevant, "training_format": TRAINING_FORMAT})


def run_id(variant: str, seed: int, device: str, code: str, versions: str) -> str:
    """The identity of one run: variant, seed, class of device, code and versions."""
    return digest([variant, seed, device, code, versions])


def installed_versions() -> dict[str, str]:
    """Versions of the distributions that a result may depend on, archlab's own among them."""
    from importlib.metadata import PackageNotFoundError, version

    found = {}
    for name in (*VERSIONED, "confection", "cupy", "tensorflow", "keras", "archlab"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def digest(value: Any) -> str:
    """12 hex digits of SHA-256 over canonical JSON: sorted keys, floats by repr, no spaces."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode("ascii")).hexdigest()[:DIGITS]


def content_digest(path: Path) -> str:
    """12 hex digits of SHA-256 over a file, or over a folder's files and their relative names."""
    files = sorted(file for file in path.rglob("*") if file.is_file()) if path.is_dir() else [path]
    total = hashlib.sha256()
    for file in files:
        name = file.relative_to(path).as_posix() if file != path else ""
        total.update(f"{name}\0{_file_digest(file, *_stamp(file))}\0".encode())
    return total.hexdigest()[:DIGITS]


def files_of(config: Mapping[str, Any], code: Iterable[str | Path] = ()) -> dict[str, str]:
    """Absolute path -> content digest of all that a training reads: code, corpora, vectors, sources.

    config: filled and interpolated.
    """
    paths = {Path(file) for file in code}
    read = {section: dict(config[section]) for section in SECTIONS if section in config}
    read.get("training", {}).pop("logger", None)  # it writes
    paths |= set(_paths_in(read))
    return {str(path.resolve()): content_digest(path) for path in sorted(paths)}


def changed_files(files: Mapping[str, str]) -> list[str]:
    """Those whose content is not what `files_of` told, or that are gone."""
    return [path for path, known in files.items() if _digest_now(Path(path)) != known]


def _digest_now(path: Path) -> str | None:
    try:
        return content_digest(path)
    except OSError:
        return None


def _paths_in(value: Any, key: str = "") -> Iterator[Path]:
    """What paths in a config point at, where that is there."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _paths_in(inner, name)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            yield from _paths_in(inner, key)
    elif key in PATH_KEYS and isinstance(value, str) and value and Path(value).exists():
        yield Path(value)


@lru_cache(maxsize=1024)
def _file_digest(path: Path, *stamp: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _stamp(path: Path) -> tuple[int, ...]:
    """What changes with the content of a file, also where its time is set back."""
    status = path.stat()
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino


def is_spacys_own(section: Mapping[str, Any]) -> bool:
    """Whether all architectures in a section are spaCy's own, whose layers have seeds in any order."""
    for key, value in section.items():
        if isinstance(value, Mapping) and not is_spacys_own(value):
            return False
        if key == "@layers" or (key == "@architectures" and not str(value).startswith("spacy.")):
            return False
    return True


def _meaning(config: Mapping[str, Any]) -> dict[str, Any]:
    meaning = {section: dict(config[section]) for section in SECTIONS if section in config}
    pipeline = meaning.get("nlp", {}).get("pipeline", [])
    components = meaning.get("components", {})
    used = {name: components[name] for name in pipeline if name in components}
    meaning["components"] = {
        name: section if is_spacys_own(section) else _with_order(section) for name, section in used.items()
    }
    training = meaning.get("training", {})
    meaning["training"] = {key: value for key, value in training.items() if key not in ("seed", "logger")}
    return {key: _by_content(value) for key, value in meaning.items()}


def _with_order(section: Mapping[str, Any]) -> dict[str, Any]:
    """A section with the order of its subsections written into it."""
    inner = {key: _with_order(value) for key, value in section.items() if isinstance(value, Mapping)}
    return {**section, **inner, "*order": list(inner)} if len(inner) > 1 else {**section, **inner}


def _by_content(value: Any, key: str = "") -> Any:
    """The value with paths replaced by the digest of what they point at."""
    if isinstance(value, Mapping):
        return {name: _by_content(inner, name) for name, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_by_content(inner, key) for inner in value]
    if key in PATH_KEYS and isinstance(value, str) and value:
        return f"sha256:{content_digest(Path(value))}" if Path(value).exists() else _with_version(value)
    return value


def _with_version(name: str) -> str:
    """The name of an installed package with its version; any other text as it is."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return f"{name}=={version(name)}"
    except (PackageNotFoundError, ValueError):
        return name
