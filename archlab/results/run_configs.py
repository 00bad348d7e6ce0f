"""The config of a run, as its folder keeps it: complete, so that nothing needs to be filled or imported."""

from typing import TYPE_CHECKING

from archlab.configs.loading import interpolated, parse_config
from archlab.errors import ConfigError
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


def score_weights(paths: SweepPaths, run_id: str) -> tuple[tuple[str, float], ...]:
    """The weights of a run's own weighted score, by name; none where its config is gone."""
    config = run_config(paths, run_id)
    try:
        weights = interpolated(config)["training"]["score_weights"] if config is not None else {}
        return tuple((name, float(weight)) for name, weight in weights.items() if weight)
    except (AttributeError, ConfigError, KeyError, TypeError, ValueError):
        return ()
