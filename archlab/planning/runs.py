"""From a variant to its runs: the config that is trained, and the identity of the result."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from archlab.configs import fingerprints
from archlab.configs.loading import as_config, interpolated
from archlab.configs.writing import config_text
from archlab.records import WEIGHTED_SCORE, Fingerprints, Json, Limits, RunSpec, Variant

if TYPE_CHECKING:
    from confection import Config


@dataclass(frozen=True, kw_only=True)
class RunSettings:
    """What all runs of a plan share.

    code: files imported before a run. device: `cpu`, or the GPU's model. gpu_id: -1 for the CPU.
    """

    sweep: str
    score_name: str = WEIGHTED_SCORE
    code: Sequence[str | Path] = ()
    device: str = "cpu"
    gpu_id: int = -1
    limits: Limits = field(default_factory=Limits)

    def runs(self, variants: Iterable[Variant], seeds: Sequence[int]) -> tuple[RunSpec, ...]:
        """One run for each variant and seed, variant by variant."""
        code = [str(Path(file).resolve()) for file in self.code]
        code_digest = fingerprints.code_digest(code)
        versions = fingerprints.versions_digest(fingerprints.installed_versions())
        specs = []
        for variant in variants:
            config = interpolated(as_config(variant.config))
            prints = Fingerprints(
                config=fingerprints.config_digest(config),
                data=fingerprints.data_digest(config),
                code=code_digest,
                versions=versions,
            )
            files = fingerprints.files_of(config, code)
            for seed in seeds:
                specs.append(
                    RunSpec(
                        run_id=fingerprints.run_id(
                            variant.variant_id, seed, self.device, code_digest, versions
                        ),
                        variant_id=variant.variant_id,
                        variant=variant.label,
                        sweep=self.sweep,
                        settings=variant.settings,
                        seed=seed,
                        device=self.device,
                        gpu_id=self.gpu_id,
                        code=code,
                        score_name=self.score_name,
                        fingerprints=prints,
                        files=files,
                        limits=self.limits,
                    )
                )
        return tuple(specs)


def make_variant(
    config: "Config", row: str, column: str | None = None, settings: Json | None = None
) -> Variant:
    """A variant of a filled config. Raises ConfigError where one of its variables points nowhere."""
    return Variant(
        variant_id=fingerprints.variant_id(interpolated(config)),
        row=row,
        column=column,
        settings=settings or {},
        config=config,
    )


def run_config(config: Mapping[str, Any], seed: int) -> str:
    """The text of a run's config.cfg: complete, with its seed, and with the paths of files absolute.

    Plain `spacy train` repeats the run from it, wherever it is started.
    """
    final = as_config(config).copy()
    final["training"]["seed"] = seed
    _make_absolute(final)
    return config_text(final)


def _make_absolute(section: dict[str, Any], in_paths: bool = False) -> None:
    """Paths that are there, as spaCy sees them from here, written so that they are found from anywhere."""
    for key, value in section.items():
        if isinstance(value, dict):
            _make_absolute(value, key == "paths")
        elif isinstance(value, str) and (in_paths or key in fingerprints.PATH_KEYS):
            path = Path(value)
            if value and not path.is_absolute() and path.exists():
                section[key] = str(path.resolve())
