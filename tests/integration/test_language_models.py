"""Language models over real HTTP: what their failures mean, and that each request is sent once."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from functools import partial

import pytest

from casebook.analysts.model.answers import Reading
from casebook.analysts.model.asking import Asker
from casebook.analysts.model.budget import Budget
from casebook.analysts.model.prompts import make_prompt
from casebook.backends.language_models.chat import ChatModel
from casebook.backends.language_models.prices import ListedPrices, OwnPrices
from casebook.backends.language_models.providers import open_openai
from casebook.domain.prompt import Completion, Finish, Prompt
from casebook.domain.run import Stage
from casebook.errors import CasebookError, PermanentError, PromptTooLong, TransientError
from tests.chat_server import ChatServer, Fault, Request, completion, refused, serving
from tests.fakes import FakeJournal
from tests.samples import NOW
from tests.scripted_model import well_behaved

PROMPT = make_prompt(
    "reading", "1 Every invoice is typed by hand into the ledger, again and again.", Reading, max_tokens=99
)


opened: list[ChatModel] = []


@pytest.fixture(scope="module")
def server() -> Iterator[ChatServer]:
    with serving() as running:
        yield running


@pytest.fixture(autouse=True)
def closed(server: ChatServer) -> Iterator[None]:
    """Begin with a server that behaves; close the models of a test at its end."""
    server.asked.clear()
    server.fault = lambda _request: False
    yield
    while opened:
        opened.pop().close()


@pytest.fixture
def ask(server: ChatServer) -> Callable[..., Completion]:
    """Ask a model on the server, which misbehaves in the way given."""
    model = chat_model(server)

    def ask(fault: Fault | None = None, prompt: Prompt = PROMPT) -> Completion:
        if fault:
            server.fault = fault
        return model.complete(prompt)

    return ask


def chat_model(server: ChatServer, *, timeout: float = 20.0, flex: bool = False) -> ChatModel:
    model = ChatModel(
        "openai:gpt-5-mini",
        partial(open_openai, "gpt-5-mini", key="secret", base_url=server.url, timeout=timeout),
        price=ListedPrices("openai", "gpt-5-mini", "flex" if flex else None),
        timeout=timeout,
        flex=flex,
    )
    opened.append(model)
    return model


def answering(status: int, content: object, **headers: str) -> Fault:
    def fault(request: Request) -> bool:
        request.answer(status, content, **headers)
        return True

    return fault


def sending(data: bytes, length: int | None = None) -> Fault:
    def fault(request: Request) -> bool:
        request.send(200, data, length=length)
        return True

    return fault


def finishing(reason: str) -> Fault:
    def fault(request: Request) -> bool:
        request.answer(200, completion(request.body, well_behaved, finish=reason))
        return True

    return fault


def test_an_answer_comes_with_what_it_used_up(ask: Callable[..., Completion], server: ChatServer) -> None:
    found = ask()
    assert json.loads(found.text)["findings"][0]["sentences"] == [1]
    assert found.finish is Finish.DONE
    assert found.input_tokens > 100
    assert found.cost_usd == pytest.approx((found.input_tokens * 0.25 + found.output_tokens * 2) / 1e6)
    (sent,) = map(json.loads, server.asked)
    assert sent["max_completion_tokens"] == 99
    assert sent["response_format"]["json_schema"]["strict"] is True
    assert [message["role"] for message in sent["messages"]] == ["system", "user"]


def test_economy_asks_for_the_flexible_service_and_pays_its_price(server: ChatServer) -> None:
    whole, half = (chat_model(server, flex=flex).complete(PROMPT) for flex in (False, True))
    assert [json.loads(sent).get("service_tier") for sent in server.asked] == [None, "flex"]
    assert half.cost_usd == pytest.approx((whole.cost_usd or 0) / 2)


@pytest.mark.parametrize(
    ("fault", "error", "says"),
    [
        (answering(401, refused("bad key")), PermanentError, "refuses the key"),
        (answering(403, refused("not yours")), PermanentError, "refuses the key"),
        (answering(404, refused("no such model")), PermanentError, "no model"),
        (answering(429, refused("pay", "insufficient_quota")), PermanentError, "quota"),
        (answering(400, refused("too long", "context_length_exceeded")), PromptTooLong, "longer"),
        (answering(400, refused("bad schema")), PermanentError, "bad schema"),
        (answering(429, refused("slow down"), retry_after="7"), TransientError, "does not answer"),
        (answering(500, refused("oops")), TransientError, "does not answer"),
        (answering(503, refused("oops")), TransientError, "does not answer"),
        (answering(200, ["not", "a", "completion"]), TransientError, "cannot be read"),
    ],
)  # fmt: skip
def test_a_failure_says_whether_it_may_pass(
    ask: Callable[..., Completion], server: ChatServer, fault: Fault, error: type[CasebookError], says: str
) -> None:
    with pytest.raises(error, match=says) as caught:
        ask(fault)
    assert type(caught.value) is error
    assert len(server.asked) == 1
    if "slow down" in str(caught.value):
        assert isinstance(caught.value, TransientError)
        assert caught.value.retry_after == 7


def test_a_malformed_answer_may_pass(ask: Callable[..., Completion], server: ChatServer) -> None:
    with pytest.raises(TransientError):
        ask(sending(b'{"id": "x", "choices": ['))
    assert len(server.asked) == 1


def test_an_answer_that_breaks_off_may_pass(ask: Callable[..., Completion], server: ChatServer) -> None:
    with pytest.raises(TransientError):
        ask(sending(b'{"id": "x", ', length=5_000))
    assert len(server.asked) == 1


def test_a_server_that_hangs_is_given_up_on(server: ChatServer) -> None:
    def hang(_request: Request) -> bool:
        time.sleep(1.5)
        return True

    server.fault = hang
    with pytest.raises(TransientError):
        chat_model(server, timeout=0.3).complete(PROMPT)
    assert len(server.asked) == 1


def test_a_server_that_is_not_there_may_come_back() -> None:
    with serving() as gone:
        model = chat_model(gone)
    with pytest.raises(TransientError):
        model.complete(PROMPT)


@pytest.mark.parametrize(("reason", "finish"), [("length", Finish.CUT_OFF), ("content_filter", Finish.FILTERED)])
def test_why_an_answer_ends_is_told(ask: Callable[..., Completion], reason: str, finish: Finish) -> None:
    assert ask(finishing(reason)).finish is finish


def test_unknown_models_have_no_price() -> None:
    assert ListedPrices("openai", "nobody-knows-this")(1000, 0, 1000) is None
    assert OwnPrices(1.0, 10.0)(1_000_000, 0, 100_000) == 2.0


# One level that tries again


def asker(server: ChatServer, waits: list[float]) -> Asker:
    return Asker(chat_model(server), FakeJournal(), run_id="R1", budget=Budget(), clock=lambda: NOW, sleep=waits.append)


@pytest.mark.parametrize("status", [401, 403, 404])
def test_a_permanent_failure_costs_one_request_however_many_wait(server: ChatServer, status: int) -> None:
    server.fault = answering(status, refused("no"))
    asking = asker(server, [])
    jobs = [
        partial(
            asking.ask, make_prompt("reading", f"1 Line {number}.", Reading, max_tokens=9), Reading, Stage.PART_A, "a"
        )
        for number in range(6)
    ]
    with pytest.raises(PermanentError):
        asking.side_by_side(jobs)
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    ("fault", "waited"),
    [
        (answering(429, refused("slow"), retry_after="3"), [3.0, 3.0]),
        (answering(500, refused("oops")), [1.0, 2.0]),
        (answering(429, refused("slow"), retry_after="900"), []),
    ],
)  # fmt: skip
def test_a_failure_that_may_pass_is_tried_twice_more(server: ChatServer, fault: Fault, waited: list[float]) -> None:
    server.fault = fault
    waits: list[float] = []
    with pytest.raises(PermanentError, match="What was answered is kept"):
        asker(server, waits).ask(PROMPT, Reading, Stage.PART_A, "a")
    assert waits == waited
    assert len(server.asked) == len(waited) + 1


def test_what_fails_and_then_works_is_paid_once(server: ChatServer) -> None:
    server.fault = lambda request: request.number < 3 and answering(503, refused("oops"))(request)
    asking = asker(server, [])
    assert asking.ask(PROMPT, Reading, Stage.PART_A, "a").value is not None
    assert asking.ask(PROMPT, Reading, Stage.PART_A, "a").value is not None
    assert len(server.asked) == 3
