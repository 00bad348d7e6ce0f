"""One exception tree. Every class names the exit code with which the command line ends."""

from collections.abc import Iterable

from archlab.plain import printable


class ArchlabError(Exception):
    """Something archlab has to say to a person: what is wrong, where, and what to do next.

    message: what is wrong, and where (one sentence or a few lines).
    hint: what to type or change next; None where there is nothing to do.
    """

    exit_code = 70

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return self.message if self.hint is None else f"{self.message}\n{self.hint}"


class UsageError(ArchlabError):
    """A command line that cannot be understood: unknown option, slot or block."""

    exit_code = 2


class UnknownSlotError(UsageError):
    """A slot that the config does not have."""


class UnknownBlockError(UsageError):
    """A block that no registry has."""


class UnknownVariantError(UsageError):
    """A variant that the sweep does not have."""


class UnknownRecipeError(UsageError):
    """A recipe that there is not, or a value or argument that it does not take."""


class InvalidError(ArchlabError):
    """Something given is invalid or missing: config, sweep, corpus, device, package."""

    exit_code = 3


class ConfigError(InvalidError):
    """A config that cannot be read, filled or interpolated."""


class SweepError(InvalidError):
    """A sweep file that cannot be read or planned."""


class SwapError(InvalidError):
    """A swap that cannot give a complete config."""


class MisfitError(InvalidError):
    """A config in which blocks do not fit together; its findings have been shown."""


class CorpusError(InvalidError):
    """A corpus that is missing, empty, or without the annotation its pipeline learns from."""


class DeviceError(InvalidError):
    """A device that is not there."""


class ExtraError(InvalidError):
    """A block or component of a package that is not installed; the hint is the command that brings it."""


class CodeError(InvalidError):
    """A --code file that is missing or cannot be imported."""


class OutputError(InvalidError):
    """A place for results, given by the user, that cannot be written or holds something already."""


class BaselineError(InvalidError):
    """A baseline that cannot be read, of a newer schema, or of another sweep."""


class RegressionError(ArchlabError):
    """Something has become worse than the baseline; what, has been shown."""

    exit_code = 1


class RunsFailedError(ArchlabError):
    """Some runs failed; the rest is done and stored."""

    exit_code = 4


class NothingToCompareError(ArchlabError):
    """There are no results to show."""

    exit_code = 5


class MachineError(ArchlabError):
    """The machine's fault: a folder that cannot be written, a full disk."""

    exit_code = 70


class InterruptedByUserError(ArchlabError):
    """Stopped by ctrl-C; what was finished is stored."""

    exit_code = 130


MAX_SLIP = 100
"""Characters of a name that may be a slip of another; longer ones take too long to compare."""


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that `name` is most likely a slip of, or None where none is near."""
    from difflib import get_close_matches

    if len(name) > MAX_SLIP:
        return None
    by_folded = {candidate.casefold(): candidate for candidate in known}
    matches = get_close_matches(name.casefold(), by_folded, n=1, cutoff=0.6)
    return by_folded[matches[0]] if matches else None


def did_you_mean(name: str, known: Iterable[str]) -> str | None:
    """ "Did you mean X?" for the nearest known name, or None."""
    match = nearest(name, known)
    return None if match is None else f"Did you mean {match}?"


def explain(error: BaseException) -> str:
    """What any exception says, in one paragraph and with its kind; of one that cannot say it, the kind.

    Control characters are left out: some libraries, Keras among them, make their messages bold.
    """
    try:
        text = _said(error)
    except Exception:  # the exceptions of user code may be user code, too
        text = ""
    return " ".join(printable(text or type(error).__name__).split())


def _said(error: BaseException) -> str:
    details = getattr(error, "errors", None)
    if isinstance(details, list) and details and all(isinstance(detail, dict) for detail in details):
        parts = [f"{'.'.join(map(str, d.get('loc', [])))} {d.get('msg', '')}".strip() for d in details]
        return "; ".join(parts)
    if isinstance(error, SyntaxError):
        return f"{type(error).__name__}: {error.msg}"
    text = str(getattr(error, "desc", None) or error).strip()
    return f"{type(error).__name__}: {text}" if text else ""
