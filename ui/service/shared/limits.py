"""Where requests are counted for rate limits: in memory, or in a Redis that servers share."""

from __future__ import annotations

import logging
import time
from typing import Any

from limits import RateLimitItem
from limits.storage import MemoryStorage, MovingWindowSupport, storage_from_string
from limits.strategies import MovingWindowRateLimiter

from index.errors import ConfigError, StoreError, first_line

_log = logging.getLogger(__name__)
_SECONDS = 1.0
# A server whose Redis does not answer counts by itself for so long before it asks again.
_PAUSE_SECONDS = 10.0
_SCHEMES = ("redis://", "rediss://", "redis+unix://", "redis+sentinel://", "redis+cluster://")
_SETTING = "the setting 'limits'"


class LimitStorage:
    """Counts of requests by client. With an address they are kept in Redis; while that does not
    answer, each server counts by itself, and its log says so.

    Raises ConfigError if the address is none that can be used, StoreError if it does not answer.
    """

    def __init__(self, address: str = "") -> None:
        self._own = MovingWindowRateLimiter(MemoryStorage())
        self._shared = MovingWindowRateLimiter(_redis(address)) if address else None
        self._paused_until = 0.0

    def hit(self, item: RateLimitItem, *client: str) -> float:
        """Count a request; 0 if it is within the limit, else when it may be sent again (seconds
        since 1970).
        """
        if self._shared and time.monotonic() >= self._paused_until:
            try:
                return _hit(self._shared, item, *client)
            except Exception as error:  # of the client's library, which is not imported here
                self._paused_until = time.monotonic() + _PAUSE_SECONDS
                _log.warning(
                    "%s names a Redis that does not answer (%s); requests are counted here alone",
                    _SETTING,
                    first_line(error),
                )
        return _hit(self._own, item, *client)


def _hit(limiter: MovingWindowRateLimiter, item: RateLimitItem, *client: str) -> float:
    if limiter.hit(item, *client):
        return 0.0
    return float(limiter.get_window_stats(item, *client).reset_time)


def _redis(address: str) -> Any:  # noqa: ANN401
    if not address.startswith(_SCHEMES):
        raise ConfigError(f"{_SETTING} is no address like redis://:PASSWORD@HOST:6379/0")
    try:
        found = storage_from_string(
            address, socket_timeout=_SECONDS, socket_connect_timeout=_SECONDS
        )
    except Exception as error:
        if "prerequisite" in str(error):
            raise ConfigError(
                f"{_SETTING} needs redis; "
                "run: .venv/bin/pip install -c constraints.txt -e '.[shared]'"
            ) from None
        raise ConfigError(f"{_SETTING} names no Redis ({first_line(error)})") from None
    assert isinstance(found, MovingWindowSupport)
    try:
        # A limit that is never reached: the scripts that count are loaded, and the key is used.
        found.get_moving_window("footnote", 1, 1)
    except Exception as error:
        told, kind = first_line(error), type(error).__name__
        if "uthentication" in f"{kind} {told}" or "NOAUTH" in told or "WRONGPASS" in told:
            raise ConfigError(f"{_SETTING} names a Redis that refuses access ({told})") from None
        raise StoreError(
            f"{_SETTING} names a Redis that cannot be used ({told}); see that it runs"
        ) from None
    return found
