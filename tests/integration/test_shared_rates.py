"""Rates that several front doors count together, at a real Redis; and what they do while it is away."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from casebook import doctor
from casebook.errors import PermanentError
from casebook.observability.logs import Log
from casebook.settings import DoorSettings
from casebook.web import rates as rates_module
from casebook.web.guard import Guard
from casebook.web.rates import Rates
from tests.front_door import MASTER, Door, open_door
from tests.programs import RedisServer, needed, run_redis

KEYS = {hashlib.sha256(f"cbk_{name}".encode()).hexdigest(): name for name in ("alpha", "beta")}
HOW_TO_GET = "apt-get install --no-install-recommends redis-server"


class FakeTime:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(scope="module")
def program() -> str:
    return needed("redis-server", how_to_get=HOW_TO_GET)


@pytest.fixture
def redis(program: str) -> Iterator[RedisServer]:
    with run_redis(program) as server:
        yield server


@pytest.fixture
def logged() -> list[str]:
    return []


def guard(url: str, logged: list[str], rate: str = "3/minute") -> Guard:
    return Guard(master=MASTER, keys=KEYS, rate=rate, rate_storage=url, log=Log(logged.append))


def post(door: Door, number: int, key: str = "alpha") -> int:
    return door.post({"company": f"C{number}"}, Authorization=f"Bearer cbk_{key}").status


def test_two_front_doors_share_one_limit(redis: RedisServer, tmp_path: Path, logged: list[str]) -> None:
    with ExitStack() as doors:
        for name in ("one", "two"):
            (tmp_path / name).mkdir()
        one, two = (
            doors.enter_context(open_door(tmp_path / name, guard=guard(redis.url, logged))) for name in ("one", "two")
        )
        assert [post(one, 1), post(two, 2), post(one, 3)] == [202, 202, 202]
        refused = two.post({"company": "C4"}, Authorization="Bearer cbk_alpha")
        assert refused.status == 429
        assert 1 <= int(refused.headers["retry-after"]) <= 60
        assert post(one, 5) == 429
        assert post(two, 6, "beta") == 202
        assert (len(one.rows()), len(two.rows())) == (2, 2)
    assert logged == []


def test_while_redis_is_away_nothing_is_lost_and_each_door_counts_by_itself(
    redis: RedisServer, tmp_path: Path, logged: list[str]
) -> None:
    with open_door(tmp_path, guard=guard(redis.url, logged)) as door:
        assert post(door, 1) == 202
        redis.end()
        assert [post(door, number) for number in range(2, 6)] == [202, 202, 202, 429]
        assert len(door.rows()) == 4
    (line,) = logged
    assert '"warning"' in line
    assert "rates are counted by this server alone" in line


def test_a_door_starts_and_takes_submissions_although_redis_is_not_there(tmp_path: Path, logged: list[str]) -> None:
    with open_door(tmp_path, guard=guard("redis://127.0.0.1:1", logged)) as door:
        assert [post(door, number) for number in range(4)] == [202, 202, 202, 429]
    assert len(logged) == 1


def test_a_redis_that_came_back_counts_again(redis: RedisServer, logged: list[str]) -> None:
    time = FakeTime()
    rates = Rates("2/minute", redis.url, Log(logged.append), clock=time)

    async def hits(number: int) -> list[bool]:
        return [await rates.hit("alpha") is None for _ in range(number)]

    assert asyncio.run(hits(1)) == [True]
    redis.end()
    assert asyncio.run(hits(3)) == [True, True, False]
    redis.start()
    assert asyncio.run(hits(1)) == [False]  # it is not asked again at once
    time.now += 6
    assert asyncio.run(hits(3)) == [True, True, False]  # it came back empty
    assert [line.count("alone") + 2 * line.count("together again") for line in logged] == [1, 2]


def test_a_redis_that_was_started_anew_between_two_requests_is_no_outage(redis: RedisServer, logged: list[str]) -> None:
    rates = Rates("2/minute", redis.url, Log(logged.append))
    assert asyncio.run(rates.hit("alpha")) is None
    redis.end()
    redis.start()
    assert asyncio.run(rates.hit("alpha")) is None
    assert logged == []


def test_a_redis_that_hangs_keeps_no_other_request_waiting(redis: RedisServer, logged: list[str]) -> None:
    rates = Rates("2/minute", redis.url, Log(logged.append))
    redis.hang()

    async def beside() -> bool:
        hit = asyncio.create_task(rates.hit("alpha"))
        for _ in range(3):
            await asyncio.sleep(0)
        came_first = not hit.done()
        assert await hit is None
        return came_first

    assert asyncio.run(beside())
    assert len(logged) == 1


def test_a_password_that_is_wrong_is_an_outage_and_stands_in_no_log(program: str, logged: list[str]) -> None:
    with run_redis(program, "--requirepass", "right") as server:
        url = server.url.replace("//", "//:canary@")
        assert asyncio.run(Rates("1/minute", url, Log(logged.append)).hit("alpha")) is None
        right = server.url.replace("//", "//:right@")
        Rates("1/minute", right, Log(logged.append)).check()
    assert len(logged) == 1
    assert "canary" not in logged[0]


def test_the_doctor_looks_whether_redis_answers(redis: RedisServer) -> None:
    settings = DoorSettings(rate_storage=redis.url)
    check = doctor._tried("Rates", lambda: doctor._check_rates(settings, Log(lambda _: None)))  # noqa: SLF001 - the others take seconds
    assert check.ok
    redis.end()
    check = doctor._tried("Rates", lambda: doctor._check_rates(settings, Log(lambda _: None)))  # noqa: SLF001
    assert (check.ok, "does not answer" in check.finding) == (False, True)


@pytest.mark.parametrize("url", ["memcached://127.0.0.1:1", "nowhere://x", "redis://127.0.0.1:port", "async+redis://x"])
def test_a_place_that_cannot_count_is_refused_at_the_start(url: str) -> None:
    with pytest.raises(PermanentError, match="CASEBOOK_RATE_STORAGE is memory:// or redis://"):
        Rates("1/minute", url, Log(lambda _: None))


def test_without_the_extra_the_way_to_get_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rates_module, "missing_of", lambda name: [name])
    with pytest.raises(PermanentError, match=r"pip install 'casebook\[redis\]'"):
        Rates("1/minute", "redis://127.0.0.1:1", Log(lambda _: None))
