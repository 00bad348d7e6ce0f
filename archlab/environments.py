"""Which environment variables a child process gets: what a training needs, and what the user names."""

import os
from collections.abc import Mapping, Sequence

from archlab.errors import UsageError, did_you_mean

_NAMES = """
PATH HOME USER LOGNAME LANG LANGUAGE TZ TMPDIR TEMP TMP VIRTUAL_ENV XDG_CACHE_HOME
LD_LIBRARY_PATH LD_PRELOAD XLA_FLAGS USE_TF USE_TORCH USE_FLAX KERAS_BACKEND KERAS_HOME HF_HOME
APPDATA COMSPEC HOMEDRIVE HOMEPATH LOCALAPPDATA NUMBER_OF_PROCESSORS PATHEXT PROCESSOR_ARCHITECTURE
PROGRAMDATA PROGRAMFILES SYSTEMDRIVE SYSTEMROOT USERNAME USERPROFILE WINDIR
"""
NAMES = frozenset(_NAMES.split())
"""Where things are, in which language, and which frameworks; the last two lines are for Windows."""

_PREFIXES = """
LC_ PYTHON CONDA_ DYLD_ SPACY_ THINC_ TORCH_ PYTORCH_ TF_ TRANSFORMERS_ HF_HUB_
CUDA_ CUBLAS_ CUDNN_ CUPY_ NVIDIA_ NCCL_ ROCM_ ROCR_ HIP_ HSA_
OMP_ GOMP_ KMP_ MKL_ OPENBLAS_ BLIS_ VECLIB_ MALLOC_
"""
PREFIXES = tuple(_PREFIXES.split())
"""Of the settings of Python, of the frameworks, of GPUs, and of what counts in threads."""

SECRETS = ("TOKEN", "_KEY", "SECRET", "PASSWORD", "PASSWD", "PASSPHRASE", "CREDENTIALS", "_AUTH")
"""Ends of names that no prefix lets through."""

NEVER = frozenset({"SPACY_CONFIG_OVERRIDES"})
"""It changes configs unseen."""


def allowed(environment: Mapping[str, str], passed: Sequence[str] = ()) -> dict[str, str]:
    """What of an environment a child gets. passed: names that it gets, too, secrets or not."""
    return {
        name: value
        for name, value in environment.items()
        if name not in NEVER and (name in NAMES or name in passed or _has_prefix(name))
    }


def require_set(names: Sequence[str]) -> None:
    """Raise UsageError for a variable that is to be passed on and is not set."""
    for name in names:
        if name not in os.environ:
            hint = did_you_mean(name, os.environ) or "It is passed on as it is set here: export it first."
            raise UsageError(f"The environment has no {name}.", hint)


def _has_prefix(name: str) -> bool:
    return name.startswith(PREFIXES) and not name.endswith(SECRETS)
