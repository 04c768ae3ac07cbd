"""Counts of rate limits in a real Redis, which `make shared` installs."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator

import pytest

from index.errors import ConfigError, StoreError
from tests.helpers.s3 import free_port
from tests.helpers.shared_servers import PASSWORD, redis_server
from ui.service.shared.limits import LimitStorage
from ui.service.tokens import RateLimit

pytestmark = pytest.mark.full

Server = tuple[str, "subprocess.Popen[bytes]"]


@pytest.fixture
def redis() -> Iterator[Server]:
    pytest.importorskip("redis")
    with redis_server() as found:
        yield found


def test_two_servers_share_one_limit(redis: Server) -> None:
    one, other = (RateLimit(5, LimitStorage(redis[0])) for _ in range(2))
    assert [each.hit("ada") for each in (one, other, one, other, one)] == [0] * 5
    assert 1 <= other.hit("ada") <= 60
    assert 1 <= one.hit("ada") <= 60
    assert other.hit("bo") == 0
    assert one.other(5, "reads").hit("ada") == 0


def test_server_whose_redis_ends_counts_by_itself(
    redis: Server, caplog: pytest.LogCaptureFixture
) -> None:
    limit = RateLimit(2, LimitStorage(redis[0]))
    assert limit.hit("ada") == 0
    redis[1].kill()
    redis[1].wait()
    assert [limit.hit("ada") for _ in range(2)] == [0, 0]
    assert limit.hit("ada") >= 1
    assert caplog.text.count("'limits' names a Redis that does not answer") == 1


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ((PASSWORD, "wrong"), "'limits' names a Redis that refuses access"),
        (("redis://", "http://"), "'limits' is no address like redis://:PASSWORD@HOST:6379/0"),
    ],
)
def test_redis_that_cannot_be_used_is_a_sentence_with_the_setting(
    change: tuple[str, str], expected: str, redis: Server
) -> None:
    with pytest.raises(ConfigError, match=expected):
        LimitStorage(redis[0].replace(*change))


def test_redis_that_does_not_answer_is_a_store_error() -> None:
    pytest.importorskip("redis")
    with pytest.raises(StoreError, match="'limits' names a Redis that cannot be used"):
        LimitStorage(f"redis://127.0.0.1:{free_port()}/0")


def test_requests_are_counted_in_memory_without_a_redis() -> None:
    limits = [RateLimit(1), RateLimit(1)]
    assert [each.hit("ada") for each in limits] == [0, 0]
    assert all(each.hit("ada") >= 59 for each in limits)
