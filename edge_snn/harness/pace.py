"""Time-outs matched to the device's own speed."""

from __future__ import annotations


class Pace:
    """How long to wait for an answer, from how long the answers so far took.

    Mean and mean deviation are those of RFC 6298; the wait is twice the mean and four deviations, since a
    computer that runs an emulator is busy now and then. Answers to what was sent twice are no measure (Karn).
    """

    def __init__(self, first: float, floor: float, ceiling: float) -> None:
        """Seconds: before anything was measured, at the least, at the most."""
        self.first, self.floor, self.ceiling = first, floor, ceiling
        self._mean = 0.0
        self._deviation = 0.0
        self.samples = 0

    def sample(self, seconds: float) -> None:
        """Takes in the time of one answer."""
        if not self.samples:
            self._mean, self._deviation = seconds, seconds / 2
        else:
            self._deviation += (abs(seconds - self._mean) - self._deviation) / 4
            self._mean += (seconds - self._mean) / 8
        self.samples += 1

    def wait(self, attempt: int = 0) -> float:
        """Seconds to wait for the answer to attempt 0, 1, ..; doubled each time, four times at the most."""
        usual = 2 * self._mean + 4 * self._deviation if self.samples else self.first
        return min(max(usual, self.floor) * 2 ** min(attempt, 4), self.ceiling)
