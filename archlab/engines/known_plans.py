"""Plans that were made before: a gate that finds nothing to train needs no spaCy to know it.

What a sweep comes to depends on its file, its base, the code and the corpora that it names, and on what is
installed. As long as none of that has changed, the layout of its table and the ids of its runs are read from
`experiments/<sweep>/regress.json`: a cache, which may be deleted.
"""

import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from archlab.configs.fingerprints import changed_files, code_digest, content_digest, digest
from archlab.errors import MachineError
from archlab.planning.plans import Plan, known_scores
from archlab.planning.sweeps import Sweep
from archlab.results.collection import Results
from archlab.results.files import read_json, write_json
from archlab.results.layouts import Layout
from archlab.results.paths import is_run_id
from archlab.results.store import Store, is_done


@dataclass(frozen=True)
class Known:
    """What a plan came to, and the results of all of its runs. scores: the names of what variants give."""

    results: Results
    scores: frozenset[str]


def plan_key(sweep: Sweep, code: Sequence[str | Path], overrides: Mapping[str, Any]) -> str:
    """Stands for all that a plan for the CPU depends on, but for the files that its configs name."""
    return digest(
        [
            sweep.name,
            sweep.source.text,
            str(sweep.base.resolve()),
            content_digest(sweep.base),
            code_digest(code),
            overrides,
            str(Path.cwd()),
            sys.version,
            _installed(),
            _own_source(),
        ]
    )


def known_plan(
    sweep: Sweep, experiments: str | Path | None, code: Sequence[str | Path], overrides: Mapping[str, Any]
) -> Known | None:
    """What is known of a sweep without planning it; None where anything has changed, or a run is not done."""
    store = Store(sweep.name, experiments)
    kept = read_json(store.paths.known_plan)
    try:
        if kept["key"] != plan_key(sweep, code, overrides) or changed_files(kept["files"]):
            return None
        layout, scores = Layout.from_dict(kept["layout"]), frozenset(map(str, kept["scores"]))
    except (AttributeError, KeyError, TypeError, ValueError, OSError):
        return None
    run_ids = [run_id for place in layout.places for run_id in place.run_ids]
    found = {run_id: store.load(run_id) for run_id in run_ids if is_run_id(run_id)}
    done = {run_id: result for run_id, result in found.items() if result is not None and is_done(result)}
    if not done or len(done) < len(set(run_ids)):
        return None
    return Known(Results(layout, done, store.paths), scores)


def keep_plan(
    planned: Plan, results: Results, code: Sequence[str | Path], overrides: Mapping[str, Any]
) -> None:
    """Keep what a plan came to, where that can be written."""
    if results.paths is None or any(spec.gpu_id >= 0 for spec in planned.runs):
        return
    with suppress(MachineError, OSError, TypeError):  # overrides may be what no JSON holds
        kept = {
            "schema_version": 1,
            "key": plan_key(planned.sweep, code, overrides),
            "files": {path: known for spec in planned.runs for path, known in spec.files.items()},
            "scores": sorted(known_scores(planned.variants)),
            "layout": results.layout.to_dict(),
        }
        write_json(results.paths.known_plan, kept, synced=False)


def _installed() -> list[str]:
    """What is installed, with its versions: the names of its metadata, where Python looks for modules."""
    found: set[str] = set()
    for folder in sys.path:
        with suppress(OSError):
            found |= {path.name for path in Path(folder or ".").iterdir() if path.name.endswith("-info")}
    return sorted(found)


def _own_source() -> str:
    """archlab's own code: a change in it may plan otherwise."""
    package = Path(__file__).parent.parent
    return digest(
        [(str(file.relative_to(package)), content_digest(file)) for file in sorted(package.rglob("*.py"))]
    )
