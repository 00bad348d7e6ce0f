"""The config of a run, as its folder keeps it: complete, so that nothing needs to be filled or imported."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from archlab.configs.loading import interpolated, parse_config
from archlab.errors import ConfigError
from archlab.records import Result
from archlab.results.paths import SweepPaths

if TYPE_CHECKING:
    from confection import Config


def run_config(paths: SweepPaths, run_id: str) -> "Config | None":
    """The config of a run, with its variables; None where it is gone or cannot be read."""
    file = paths.run(run_id).config
    try:
        return parse_config(file.read_text(encoding="utf8"), str(file))
    except (ConfigError, OSError, UnicodeDecodeError):
        return None


def score_weights(paths: SweepPaths, results: Iterable[Result]) -> dict[str, Mapping[str, float]]:
    """Run id -> the weights of its config's own weighted score; runs whose config is gone are left out."""
    of_variant: dict[str, Mapping[str, float]] = {}
    found = {}
    for result in results:
        if result.variant_id not in of_variant:
            config = run_config(paths, result.run_id)
            if config is None:
                continue
            of_variant[result.variant_id] = _weights(config)
        found[result.run_id] = of_variant[result.variant_id]
    return found


def _weights(config: "Config") -> Mapping[str, float]:
    try:
        weights = interpolated(config)["training"]["score_weights"]
        return {name: float(weight) for name, weight in weights.items() if weight}
    except (AttributeError, ConfigError, KeyError, TypeError, ValueError):
        return {}
