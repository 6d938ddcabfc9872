"""Signals that end a run: it stops between two results, and writes what was measured.

Ctrl-C (SIGINT), SIGTERM, with which labs and job managers stop what takes too long, and SIGHUP, which comes when the
terminal or its ssh is gone.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

STOPPED = {signal.SIGINT: "interrupted", signal.SIGTERM: "ended by SIGTERM"}
if hasattr(signal, "SIGHUP"):
    STOPPED[signal.SIGHUP] = "ended by SIGHUP"
INTERRUPTED = STOPPED[signal.SIGINT]


class _Terminated(BaseException):
    """SIGTERM or SIGHUP came while nothing was measured yet."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number


def exit_code(stopped: str) -> int | None:
    """128 + the signal that ended a run, by why it stopped; None unless a signal did."""
    return next((128 + number for number, told in STOPPED.items() if told == stopped), None)


def again(stopped: str) -> None:
    """Sends this process the signal that ended a run, if one did: a run is not all that it should end."""
    code = exit_code(stopped)
    if code is not None:
        signal.raise_signal(code - 128)


class Endings:
    """A handler of SIGTERM and SIGHUP: the first ends what goes on; later ones do not end the writing of the files."""

    def __init__(self) -> None:
        self._over = False

    def __call__(self, number: int, frame: FrameType | None) -> None:
        if not self._over:
            self._over = True
            raise _Terminated(number)

    def are_over(self) -> None:
        """From now on what was measured is written, and no signal ends that."""
        self._over = True


@contextmanager
def endings() -> Iterator[Endings]:
    """Within, SIGTERM and SIGHUP end the process only after everything that was opened is closed."""
    numbers = [number for number in STOPPED if number != signal.SIGINT and _is_free(number)]
    handler = Endings()
    ended: list[int] = []
    for number in numbers:
        signal.signal(number, handler)
    try:
        yield handler
    except _Terminated as error:
        ended.append(error.number)
    finally:
        for number in numbers:
            signal.signal(number, signal.SIG_DFL)
    for code in ended:
        signal.raise_signal(code)


@contextmanager
def as_events(put: Callable[[str], None]) -> Iterator[None]:
    """Hands signals to ``put`` as what they mean, so that none comes between a result and its line in the journal.

    ``put`` must be re-entrant. A signal that is ignored (nohup), or that somebody else handles, stays so.
    """
    numbers = [number for number in STOPPED if _is_free(number)]
    before: dict[signal.Signals, Any] = {number: signal.getsignal(number) for number in numbers}

    def take(number: int, frame: FrameType | None) -> None:
        for handler in before.values():
            if isinstance(handler, Endings):
                handler.are_over()
        put(STOPPED[signal.Signals(number)])

    for number in numbers:
        signal.signal(number, take)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _is_free(number: signal.Signals) -> bool:
    if threading.current_thread() is not threading.main_thread():
        return False
    handler = signal.getsignal(number)
    return handler in (signal.SIG_DFL, signal.default_int_handler) or isinstance(handler, Endings)
