"""The errors a user sees: what is wrong, where, and what to do about it.

Every failure that is not a bug is an :class:`EdgeSnnError`. It carries a :class:`Diagnostic` and the
exit code of the command line, so that no command needs to know why another stage refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


class ExitCode(IntEnum):
    """Exit codes of every ``edge-snn`` command."""

    OK = 0
    MISMATCH = 1  # device and host differ, or a threshold was missed
    BAD_INPUT = 2  # a file, option or tool the user has to mend
    DEVICE = 3  # the device or the link failed; partial results are kept
    INTERRUPTED = 130  # Ctrl-C; a run that SIGTERM or SIGHUP ends returns 128 and its number likewise, 143 or 129


@dataclass(frozen=True)
class Diagnostic:
    """One problem, told to a user.

    Attributes:
        reason: what is wrong, one sentence without a full stop.
        where: file, layer or tensor concerned ("" when there is none).
        hint: what to do about it ("" when nothing can be suggested).
    """

    reason: str
    where: str = ""
    hint: str = ""

    def __str__(self) -> str:
        text = f"{self.where}: {self.reason}" if self.where else self.reason
        return f"{text}\n  hint: {self.hint}" if self.hint else text


class EdgeSnnError(Exception):
    """Base of every expected failure; ``exit_code`` is what the command returns."""

    exit_code = ExitCode.BAD_INPUT

    def __init__(self, reason: str, *, where: str = "", hint: str = "") -> None:
        self.diagnostic = Diagnostic(reason, where, hint)
        super().__init__(str(self.diagnostic))


class InputError(EdgeSnnError):
    """A file, value or option that cannot be used (exit code 2)."""


class ToolMissingError(EdgeSnnError):
    """A compiler, emulator or package that is not installed (exit code 2)."""


class MismatchError(EdgeSnnError):
    """Device and host disagree, or a demanded threshold was missed (exit code 1)."""

    exit_code = ExitCode.MISMATCH


class DeviceError(EdgeSnnError):
    """The device, the emulator or the link failed; partial results are kept (exit code 3)."""

    exit_code = ExitCode.DEVICE
