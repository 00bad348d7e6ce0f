"""PyTorch is imported when something first uses it: most of spaCy does without.

`thinc.compat` imports it wherever it is installed, only to see whether there is a GPU. That takes two thirds
of the seconds and of the memory of `import spacy`. Where there can be no GPU, Thinc is given a module that
imports PyTorch as soon as anything is looked up in it; everybody else imports PyTorch as ever.
"""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from importlib import import_module
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

from archlab.processes import ON_LINUX

PYTORCH, COMPAT = "torch", "thinc.compat"

GPUS = ("nvidia*", "nvhost*", "nvgpu*", "nvmap", "kfd", "dxg")
"""What lies in /dev where PyTorch may find a GPU: of NVIDIA, Jetson's among them, of AMD, and in WSL."""

MENTIONED = (b"torch", b"transformer", b"bilstm")
"""One of these stands, in the name of a block as a rule, in nearly every config that uses PyTorch."""

MAX_BYTES = 10_000_000
"""Of a file that is looked into."""


def import_pytorch_late() -> None:
    """From now on, spaCy is imported without PyTorch. Nothing changes where there may be a GPU, or where
    either is there already."""
    if not (_finder in sys.meta_path or {PYTORCH, COMPAT} & sys.modules.keys()) and _can_be_late():
        sys.meta_path.insert(0, _finder)


def mentions_pytorch(text: bytes) -> bool:
    """Whether what a config, a sweep or code says most likely uses PyTorch."""
    return any(word in text.lower() for word in MENTIONED)


def uses_pytorch(*files: str | Path) -> bool:
    """The same, for files; whoever needs them tells where they cannot be read."""
    for path in map(Path, files):
        with suppress(OSError):
            if path.is_file():
                with path.open("rb") as file:
                    if mentions_pytorch(file.read(MAX_BYTES)):
                        return True
    return False


def import_pytorch() -> None:
    """Import it now, before forks that use it. Where it cannot be imported, what needs it will tell."""
    with suppress(Exception):
        import_module(PYTORCH)


def _can_be_late() -> bool:
    is_installed = PathFinder.find_spec(PYTORCH) is not None and _installed_version() is not None
    has_device = any(any(Path("/dev").glob(name)) for name in GPUS)
    has_driver = any(find_spec(name) is not None for name in ("cupy", "torch_xla"))
    return ON_LINUX and is_installed and not has_device and not has_driver


def _installed_version() -> str | None:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(PYTORCH)
    except PackageNotFoundError:  # it was not installed as a package
        return None


class _Late(ModuleType):
    """Is PyTorch for Thinc. A seed is kept for when PyTorch comes, for that would draw no numbers before."""

    seed_given: int | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._itself(), name)

    def __repr__(self) -> str:
        return f"<module {PYTORCH!r}, imported when it is used>"

    def manual_seed(self, seed: int) -> Any:
        if PYTORCH in sys.modules:
            return self._itself().manual_seed(seed)
        self.seed_given = seed
        return None

    def _itself(self) -> ModuleType:
        if sys.modules.get(PYTORCH) is self:  # asked by Thinc for what `_standing_in` does not know
            for name in _stand_ins:
                sys.modules.pop(name, None)
        return import_module(PYTORCH)


_late = _Late(PYTORCH)
_stand_ins = {
    PYTORCH: _late,
    "torch.utils": ModuleType("torch.utils"),
    "torch.utils.dlpack": ModuleType("torch.utils.dlpack"),
}
"""What `thinc.compat` imports."""


@contextmanager
def _standing_in() -> Iterator[None]:
    """Around the code of `thinc.compat`: it finds what a PyTorch says that sees no GPU."""
    if PYTORCH in sys.modules:  # somebody has imported it meanwhile
        yield
        return
    answers = {
        "__version__": _installed_version(),
        "backends": SimpleNamespace(),
        "cuda": SimpleNamespace(
            device_count=lambda: 0,
            amp=SimpleNamespace(common=SimpleNamespace(amp_definitely_not_available=lambda: True)),
        ),
    }
    sys.modules.update(_stand_ins)
    vars(_late).update(answers)
    try:
        yield
    finally:
        for name in answers:
            delattr(_late, name)
        for name, stand_in in _stand_ins.items():
            if sys.modules.get(name) is stand_in:
                del sys.modules[name]


@contextmanager
def _seeding() -> Iterator[None]:
    """Around the code of PyTorch: it begins with the seed that Thinc has given before."""
    yield
    if _late.seed_given is not None:
        sys.modules[PYTORCH].manual_seed(_late.seed_given)


_AROUND: dict[str, Callable[[], AbstractContextManager[None]]] = {PYTORCH: _seeding, COMPAT: _standing_in}


class _Finder:
    """Finds both modules where Python does, and sees to what has to happen around their code."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        spec = PathFinder.find_spec(name, path, target) if name in _AROUND else None
        if spec is None or spec.loader is None:
            return None
        execute = spec.loader.exec_module

        def exec_module(module: ModuleType) -> None:
            with _AROUND[name]():
                execute(module)

        spec.loader.exec_module = exec_module  # type: ignore[method-assign]
        return spec


_finder = _Finder()
