"""The inside of a probe, in a process of its own: `python -m archlab.checking.probe_child FOLDER`.

Reads FOLDER/job.json and FOLDER/config.cfg, notes in FOLDER/place.json what it is about to do, and writes
FOLDER/findings.json, last. Ends when the process that started it ends. It runs user code: whatever that
raises is a finding, and where that ends the process, its starter reads the place.
"""

import contextlib
import functools
import json
import sys
import threading
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from time import time
from typing import TYPE_CHECKING, Any

from archlab.checking.locating import Place, frames_below, frames_of, locate, slot_of
from archlab.checking.probing import NOT_PROBED
from archlab.checking.torch_advice import torch_advice
from archlab.errors import explain
from archlab.late_pytorch import import_pytorch, import_pytorch_late, uses_pytorch
from archlab.memory import imported_for_good
from archlab.processes import end_with_starter
from archlab.records import Finding, Json, Severity

if TYPE_CHECKING:
    from confection import Config
    from spacy.language import Language

# What the pipeline calls of its components; each call is noted in the place file.
_CALLED = ("initialize", "update", "finish_update", "predict", "set_annotations", "to_disk")

_A_NUMBER_FOR_EACH_LABEL = ("Tagger", "Morphologizer", "TextCategorizer", "MultiLabel_TextCategorizer")


class Stopped(Exception):
    """The probe cannot go on; what stopped it is among the findings."""


@dataclass
class Journal:
    """Where the probe is, for those who come when it is dead.

    phase: what the probe is doing, as it follows on `while`. pipelines: those built so far.
    """

    folder: Path
    config: Mapping[str, Any]
    phase: str = "starting"
    component: str | None = None
    findings: list[Finding] = field(default_factory=list)
    pipelines: "list[Language]" = field(default_factory=list)

    def note(self) -> None:
        """Write the place: not synced, for it is the process that may die and not the machine."""
        text = json.dumps({"phase": self.phase, "component": self.component})
        (self.folder / "place.json").write_text(text, encoding="utf8")

    def find(
        self,
        severity: Severity,
        component: str | None,
        message: str,
        fix: str | None = None,
        slot: str | None = None,
    ) -> None:
        """Add a finding, about a component unless a slot is given."""
        slot = slot or slot_of(component, self.config)
        self.findings.append(Finding(severity=severity, slot=slot, message=message, fix=fix))

    def finish(self) -> None:
        """Write the findings, whole or not at all."""
        part = self.folder / "findings.part"
        part.write_text(json.dumps([finding.to_dict() for finding in self.findings]), encoding="utf8")
        part.replace(self.folder / "findings.json")

    @contextlib.contextmanager
    def during(self, phase: str, doubtful: Collection[str] = ()) -> Iterator[None]:
        """A phase of the probe. An exception in it is an error, and stops the probe.

        doubtful: components of which that proves nothing, for what they learn from may be missing.
        """
        self.phase = phase
        self.note()
        try:
            yield
        except (Stopped, KeyboardInterrupt):
            raise
        except BaseException as error:
            place = self.locate(frames_of(error.__traceback__))
            layer = f" in the layer {place.layer}" if place.layer else ""
            what = explain(error)
            if isinstance(error, SystemExit):
                what = f"it ended the program ({what})"
            message = f"it fails while {phase}{layer}: {what}"
            if place.component in doubtful:
                message = f"{NOT_PROBED}: on documents that were made up {message}"
                self.find("warning", place.component, message, "name a corpus: --paths.train FILE")
            else:
                advice = torch_advice(self.pipelines, place, phase)
                seen, fix = (f"; {advice.message}", advice.fix) if advice else ("", None)
                fix = fix or self._mend_outputs(place.component)
                self.find("error", place.component, message + seen, fix)
            raise Stopped from None

    def _mend_outputs(self, component: str | None) -> str | None:
        """What to change where a model gives more numbers than its component has labels."""
        if not self.pipelines or component not in self.pipelines[-1].pipe_names:
            return None
        proc: Any = self.pipelines[-1].get_pipe(component)
        labels, model = getattr(proc, "labels", ()), getattr(proc, "model", None)
        if not labels or proc.__class__.__name__ not in _A_NUMBER_FOR_EACH_LABEL:
            return None
        outputs = model.maybe_get_dim("nO") if model is not None and model.has_dim("nO") else None
        if outputs in (None, len(labels)):
            return None
        return (
            f"its model gives {outputs} numbers for {len(labels)} labels: leave that argument open (null), "
            f"or give it {len(labels)}"
        )

    def locate(self, frames: Any) -> Place:
        return locate(frames, self.pipelines, self.config["nlp"]["pipeline"])

    def follow(self, nlp: "Language") -> None:
        """Note each call of the pipeline's components from now on."""
        self.pipelines.append(nlp)
        for name, component in nlp.pipeline:
            for method in _CALLED:
                if callable(getattr(component, method, None)):
                    with contextlib.suppress(AttributeError, TypeError):  # has no room for attributes
                        setattr(component, method, self._noted(name, getattr(component, method)))

    def _noted(self, name: str, method: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(method)
        def call(*args: Any, **kwargs: Any) -> Any:
            outer, self.component = self.component, name
            self.note()
            try:
                return method(*args, **kwargs)
            finally:
                self.component = outer
                self.note()

        return call


def main(arguments: list[str] | None = None) -> int:
    """Probe one config; exit code 0 where that came to an end, whatever was found."""
    (folder,) = arguments if arguments is not None else sys.argv[1:]
    job = json.loads((Path(folder) / "job.json").read_text(encoding="utf8"))
    end_with_starter()
    import_pytorch_late()
    with imported_for_good():
        import spacy  # noqa: F401  # while still starting: how long it takes is not the config's fault

        if uses_pytorch(Path(folder) / "config.cfg", *job["code"]):
            import_pytorch()

    from archlab.configs.loading import parse_config

    config = parse_config((Path(folder) / "config.cfg").read_text(encoding="utf8")).interpolate()
    journal = Journal(Path(folder), config)
    journal.note()
    _watch_the_clock(journal, job)
    with contextlib.suppress(Stopped):
        _probe(journal, job, config)
    journal.finish()
    return 0


def _probe(journal: Journal, job: Json, config: "Config") -> None:
    from archlab.catalog.factories import only_needed_factories
    from archlab.checking.running import run_probe
    from archlab.configs.code import import_code

    with journal.during("importing its code"):
        import_code(job["code"])
        for module in job["modules"]:
            import_module(module)
    with only_needed_factories(config):
        run_probe(journal, config)


def _watch_the_clock(journal: Journal, job: Json) -> None:
    """Shortly before the time is up, say in which component and layer the program hangs."""
    main_thread = threading.main_thread().ident

    def watch() -> None:
        frame = sys._current_frames().get(main_thread or 0)
        place = journal.locate(frames_below(frame)) if frame else Place()
        layer = f" in the layer {place.layer}" if place.layer else ""
        told = {"phase": f"{journal.phase}{layer}", "component": place.component}
        (journal.folder / "hung.json").write_text(json.dumps(told), encoding="utf8")

    timer = threading.Timer(max(0.0, job["deadline"] - time()), watch)
    timer.daemon = True
    timer.start()


if __name__ == "__main__":
    sys.exit(main())
