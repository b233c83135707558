"""Two regions, each with a server and outputs of its own: what belongs to one is never written in the other."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from casebook.domain.region import Regions, parse_regions
from casebook.errors import PermanentError, TransientError
from casebook.sending import Outgoing, send
from casebook.web.guard import Guard
from casebook.web.regions import Routing
from tests.front_door import FORM, MASTER, Answer, Door, file_part, form, open_door, text_part

NAME = "Harrow Vale Secret Works"  # the company's name: nothing of it may lie in the wrong region
NAME_BYTES = NAME.encode()
FIELDS = {"company_name": NAME}
CONTENT = b"the plans of " + NAME_BYTES


@dataclass
class World:
    """Two doors: `eu` is asked, `us` is where things belong."""

    eu: Door
    us: Door
    asked: list[str]  # which addresses were looked at

    @property
    def us_url(self) -> str:
        return f"http://127.0.0.1:{self.us.port}"


def regions_of(own: str, eu_port: int, us_port: int) -> Regions:
    return parse_regions(
        f'[regions.eu]\nurl = "http://127.0.0.1:{eu_port}"\ncountries = ["DE", "AT"]\n'
        f'[regions.us]\nurl = "http://127.0.0.1:{us_port}"\ncountries = ["US"]\n',
        own,
    )


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with two_regions(tmp_path) as found:
        yield found


@contextmanager
def two_regions(tmp_path: Path, *, guard: Guard | None = None) -> Iterator[World]:
    us_routing = Routing(check_seconds=0)
    asked: list[str] = []
    with open_door(tmp_path / "us", routing=us_routing) as us:
        us_routing.regions = regions_of("us", 1, us.port)

        def answers(url: str) -> bool:
            asked.append(url)
            return True

        eu_routing = Routing(regions_of("eu", 1, us.port), answers=answers)
        with open_door(tmp_path / "eu", routing=eu_routing, guard=guard) as eu:
            yield World(eu, us, asked)


def nothing_is_left(door: Door) -> None:
    """Check that nothing of the company is in the outputs, the database or what was logged."""
    assert door.rows() == []
    assert door.received() == []
    for path in door.outputs.rglob("*"):
        assert not (path.is_file() and (NAME_BYTES in path.read_bytes() or CONTENT in path.read_bytes())), path
    assert [path.name for path in door.outputs.glob("error_*")] == []
    assert not [line for line in door.logged if NAME in line]


def sent_on(world: World, answer: Answer, query: str = "") -> None:
    assert (answer.status, answer.headers["location"]) == (307, f"{world.us_url}/{query}")
    assert answer.headers["x-casebook-region"] == "us"
    nothing_is_left(world.eu)
    assert world.us.rows() == []


@pytest.mark.parametrize("query", ["?region=us", "?country=US", "?country=us&x=1", "?region=US&country=DE"])
def test_the_address_names_where_a_submission_belongs(world: World, query: str) -> None:
    body = json.dumps(FIELDS).encode()
    sent_on(world, world.eu.ask("POST", f"/{query}", body, Content_Type="application/json"), query)
    sent_on(world, world.eu.ask("POST", f"/{query}", form(file_part("a.txt", CONTENT)), Content_Type=FORM), query)


@pytest.mark.parametrize("named", [{"X_Casebook_Region": "us"}, {"X_Casebook_Country": "US"}])
def test_the_head_names_where_a_submission_belongs(world: World, named: dict[str, str]) -> None:
    sent_on(world, world.eu.post(FIELDS, **named))


@pytest.mark.parametrize("named", [{"region": "us"}, {"Country": "US"}])
def test_json_names_where_it_belongs(world: World, named: dict[str, str]) -> None:
    sent_on(world, world.eu.post({**FIELDS, **named}))


@pytest.mark.parametrize("field_comes_last", [False, True])
def test_what_a_form_brought_before_it_said_where_it_belongs_is_removed(
    world: World,
    field_comes_last: bool,  # noqa: FBT001 - a case
) -> None:
    parts = [text_part("company_name", NAME), file_part("a.txt", CONTENT), file_part("b.txt", CONTENT * 50_000)]
    parts.insert(len(parts) if field_comes_last else 0, text_part("region", "us"))
    sent_on(world, world.eu.post_form(*parts))


def test_files_sent_ahead_of_a_form_for_another_region_are_removed(world: World) -> None:
    sent = world.eu.ask("POST", "/uploads", CONTENT, X_File_Name="a.txt")
    assert sent.status == 201
    answer = world.eu.post({**FIELDS, "region": "us", "uploads": sent.json["upload"]})
    assert (answer.status, answer.json["errors"][0]["pointer"]) == (422, "/region")
    nothing_is_left(world.eu)


@pytest.mark.parametrize("named", [{}, {"region": "eu"}, {"country": "DE"}])
def test_what_belongs_here_or_nowhere_is_kept_here(world: World, named: dict[str, str]) -> None:
    assert world.eu.post({**FIELDS, **named}).status == 202
    assert len(world.eu.rows()) == 1
    nothing_is_left(world.us)


def test_the_head_comes_before_the_form(world: World) -> None:
    body = json.dumps({**FIELDS, "country": "US"}).encode()
    assert world.eu.ask("POST", "/?region=eu", body, Content_Type="application/json").status == 202


@pytest.mark.parametrize(("query", "pointer"), [("?region=mars", "/region"), ("?country=FR", "/country")])
def test_a_region_that_is_not_there_is_refused_and_nothing_kept(world: World, query: str, pointer: str) -> None:
    answer = world.eu.ask("POST", f"/{query}", json.dumps(FIELDS).encode(), Content_Type="application/json")
    assert (answer.status, answer.json["errors"][0]["pointer"]) == (422, pointer)
    nothing_is_left(world.eu)


def test_what_only_claims_to_be_signed_is_not_set_aside(tmp_path: Path) -> None:
    body = json.dumps({**FIELDS, "region": "mars"}).encode()
    claimed = {"webhook-id": "m", "webhook-timestamp": str(int(time.time())), "webhook-signature": "v1,AAAA"}
    guard = Guard(master=MASTER, webhook_secrets=(b"s" * 32,))
    with two_regions(tmp_path, guard=guard) as world:
        answer = world.eu.ask("POST", "/", body, **claimed, Content_Type="application/json")
        assert answer.status in {401, 422}
        assert world.eu.store.refused(10) == []


def test_a_server_without_regions_does_not_pretend_to_follow(tmp_path: Path) -> None:
    with open_door(tmp_path / "outputs") as door:
        answer = door.ask("POST", "/?region=us", json.dumps(FIELDS).encode(), Content_Type="application/json")
        assert (answer.status, "knows no regions" in answer.json["errors"][0]["detail"]) == (422, True)
        assert door.post({**FIELDS, "country": "Germany"}).status == 202  # a form may say what it likes
        assert door.ask("GET", "/regions").json == {"own": None, "regions": []}


def test_the_regions_are_told(world: World) -> None:
    told = world.eu.ask("GET", "/regions").json
    assert told["own"] == "eu"
    assert told["regions"][1] == {"name": "us", "url": world.us_url, "countries": ["US"]}


def test_whoever_has_a_key_of_the_other_region_is_sent_on_too(tmp_path: Path) -> None:
    guard = Guard(master=MASTER, keys={"0" * 64: "alpha"})
    with two_regions(tmp_path, guard=guard) as world:
        body = json.dumps(FIELDS).encode()
        answer = world.eu.ask(
            "POST", "/?region=us", body, Content_Type="application/json", Authorization="Bearer key-of-us"
        )
        sent_on(world, answer, "?region=us")
        assert "key-of-us" not in json.dumps(dict(answer.headers))
        assert world.eu.post({**FIELDS, "region": "us"}).status == 401  # a body is read from those who are known


def test_a_folder_is_sent_to_its_region_and_is_in_no_other(world: World, tmp_path: Path) -> None:
    path = tmp_path / "plan.txt"
    path.write_bytes(CONTENT * 100)
    said: list[str] = []
    answer = send(
        f"http://127.0.0.1:{world.eu.port}", FIELDS, [Outgoing("plan.txt", path)], country="US", say=said.append
    )
    assert answer["server"] == world.us_url
    assert world.us.rows() == [answer["run_id"]]
    assert said == [f"Sent on to 127.0.0.1:{world.us.port}."]
    nothing_is_left(world.eu)


def test_a_client_that_named_nothing_is_not_led_elsewhere_with_its_key(world: World) -> None:
    with pytest.raises(PermanentError, match="name the --region"):
        send(f"http://127.0.0.1:{world.eu.port}", {**FIELDS, "region": "us"}, [], key="key")
    nothing_is_left(world.us)


def test_servers_that_send_to_each_other_are_found_out(tmp_path: Path) -> None:
    one, other = Routing(check_seconds=0), Routing(check_seconds=0)
    with open_door(tmp_path / "a", routing=one) as a, open_door(tmp_path / "b", routing=other) as b:
        one.regions = other.regions = regions_of("eu", a.port, b.port)
        with pytest.raises(PermanentError, match="send this on to each other"):
            send(f"http://127.0.0.1:{a.port}", FIELDS, [], region="us")


def test_a_region_that_is_down_is_named_and_looked_at_again_later(tmp_path: Path) -> None:
    routing = Routing(regions_of("eu", 1, free_port()))
    with open_door(tmp_path / "eu", routing=routing) as door:
        answer = door.post({**FIELDS, "region": "us"})
        assert (answer.status, answer.json["type"]) == (503, "urn:casebook:region-down")
        assert "region us" in answer.json["detail"]
        assert int(answer.headers["retry-after"]) > 0
        nothing_is_left(door)
        waited: list[float] = []
        with pytest.raises(TransientError, match="region us"):
            send(f"http://127.0.0.1:{door.port}", FIELDS, [], region="us", sleep=waited.append)
        assert set(waited) == {30}


def test_many_that_ask_at_once_are_answered_by_one_look_which_holds_up_nobody(tmp_path: Path) -> None:
    looks: list[str] = []
    go_on = threading.Event()

    def slow(url: str) -> bool:
        looks.append(url)
        return go_on.wait(timeout=2)

    with open_door(tmp_path / "eu", routing=Routing(regions_of("eu", 1, 2), answers=slow)) as door:
        with ThreadPoolExecutor(8) as pool:
            answers = [pool.submit(door.post, {**FIELDS, "region": "us"}) for _ in range(8)]
            while not looks:
                time.sleep(0.01)
            assert door.ask("GET", "/health/live").status == 200  # while the look is under way
            go_on.set()
        assert {answer.result().status for answer in answers} == {307}
        assert len(looks) == 1


def test_a_browser_that_asks_before_it_sends_is_answered_here(tmp_path: Path) -> None:
    origin = "https://forms.example.org"
    guard = Guard(master=MASTER, origins=(origin,))
    with two_regions(tmp_path, guard=guard) as world:
        answer = world.eu.ask("OPTIONS", "/?region=us", Origin=origin, Access_Control_Request_Method="POST")
        assert (answer.status, answer.headers["access-control-allow-origin"]) == (204, origin)
        answer = world.eu.post({**FIELDS, "region": "us"}, Origin=origin)
        assert (answer.status, answer.headers["access-control-allow-origin"]) == (307, origin)
        answer = world.eu.post({**FIELDS, "region": "us"}, Origin="https://elsewhere.test")
        assert answer.status == 403


def test_another_regions_health_is_asked_with_nothing_of_ours(tmp_path: Path) -> None:
    seen: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            connection, _ = listening.accept()
            with connection:
                seen.append(connection.recv(65536))
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

        thread = threading.Thread(target=serve)
        thread.start()
        routing = Routing(regions_of("eu", 1, listening.getsockname()[1]))
        with open_door(tmp_path / "eu", routing=routing) as door:
            answer = door.post({**FIELDS, "region": "us"}, Authorization="Bearer secret-key")
        thread.join()
    assert answer.status == 307
    assert seen[0].startswith(b"GET /health ")
    assert b"secret-key" not in seen[0]
    assert NAME_BYTES not in seen[0]
