"""How long each stage of a piece of work took."""

from __future__ import annotations

import time


class Clock:
    """Seconds per stage since the clock was made; a stage that comes again is added to."""

    def __init__(self) -> None:
        self._started = self._last = time.perf_counter()
        self._laps: dict[str, float] = {}

    def lap(self, stage: str) -> None:
        """What was done since the last lap belongs to this stage."""
        now = time.perf_counter()
        self._laps[stage] = self._laps.get(stage, 0.0) + now - self._last
        self._last = now

    def seconds(self) -> dict[str, float]:
        """Seconds of each stage, and of all in "total", to the microsecond."""
        total = time.perf_counter() - self._started
        return {name: round(value, 6) for name, value in {**self._laps, "total": total}.items()}
