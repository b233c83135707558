"""Messages over real HTTP on loopback: the webhook held to the reference verifier, the chat through Apprise."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from msgspec.structs import replace
from standardwebhooks.webhooks import Webhook

from casebook.backends.notifiers.chat import ChatMessenger, is_mail_address
from casebook.backends.notifiers.webhook import WebhookMessenger
from casebook.errors import PermanentError, TransientError
from tests.unit.domain.test_notice import DONE, FAILED

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # noqa: S105 - made for this test


@dataclass
class Receiver:
    """What came in, and what is answered: a status and headers."""

    url: str = ""
    answer: tuple[int, dict[str, str]] = (200, {})
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    found = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            found.got.append(({name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(found.answer[0])
            for name, value in found.answer[1].items():
                self.send_header(name, value)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    found.url = f"127.0.0.1:{server.server_port}/hook"
    yield found
    server.shutdown()
    thread.join()
    server.server_close()


def test_the_webhook_is_signed_as_the_reference_verifies_it(receiver: Receiver) -> None:
    WebhookMessenger(f"http://{receiver.url}?tenant=1", SECRET).send(DONE)
    ((headers, body),) = receiver.got
    assert headers["webhook-id"] == DONE.id
    payload = Webhook(SECRET).verify(body, headers)
    assert payload["type"] == "run.done"
    assert payload["data"]["company_name"] == "Acme GmbH"
    assert payload == json.loads(body)


@pytest.mark.parametrize(
    ("status", "headers", "kind", "retry_after"),
    [
        (429, {"Retry-After": "9"}, TransientError, 9.0),
        (503, {}, TransientError, None),
        (410, {}, PermanentError, None),
        (302, {"Location": "http://169.254.169.254/"}, PermanentError, None),
    ],
)
def test_refusals_are_told_apart_and_redirects_not_followed(
    receiver: Receiver, status: int, headers: dict[str, str], kind: type[Exception], retry_after: float | None
) -> None:
    receiver.answer = (status, headers)
    with pytest.raises(kind, match=str(status)) as caught:
        WebhookMessenger(f"http://{receiver.url}", SECRET).send(DONE)
    assert getattr(caught.value, "retry_after", None) == retry_after
    assert len(receiver.got) == 1


def test_a_receiver_that_is_not_there_may_come_back() -> None:
    with pytest.raises(TransientError, match="cannot be reached"):
        WebhookMessenger("http://127.0.0.1:9/hook", SECRET).send(DONE)


@pytest.mark.parametrize(
    ("url", "secret"),
    [("ftp://x/", SECRET), ("http://user@x/", SECRET), ("", SECRET), ("http://x/", "short"), ("http://x/", "whsec_!")],
)
def test_a_webhook_that_cannot_work_is_refused_at_the_start(url: str, secret: str) -> None:
    with pytest.raises(PermanentError, match="CASEBOOK_NOTIFY_WEBHOOK"):
        WebhookMessenger(url, secret)


def test_a_chat_gets_title_and_body(receiver: Receiver) -> None:
    ChatMessenger([f"json://{receiver.url}"]).send(FAILED)
    ((_, body),) = receiver.got
    message = json.loads(body)
    assert message["title"] == FAILED.title
    assert message["message"] == FAILED.body
    assert message["type"] == "failure"


def test_a_chat_that_does_not_take_it_is_tried_again_later(receiver: Receiver) -> None:
    receiver.answer = (500, {})
    with pytest.raises(TransientError):
        ChatMessenger([f"json://{receiver.url}"]).send(DONE)


def test_an_address_that_is_none_is_refused_at_the_start_and_not_shown() -> None:
    with pytest.raises(PermanentError, match="address 2 of CASEBOOK_NOTIFY is not one") as caught:
        ChatMessenger(["json://127.0.0.1/", "nonsense://secret-token/"])
    assert "secret-token" not in str(caught.value)


@pytest.mark.parametrize("allowed", [(), ("slack",), ("json", "jsons")])
def test_a_submission_cannot_send_anything_to_an_address_of_its_choice(
    receiver: Receiver, allowed: tuple[str, ...]
) -> None:
    notice = replace(DONE, to=(f"json://{receiver.url}", "x@y@z", "no address", "a@b.example?to=c"))
    ChatMessenger([], allowed=allowed).send(notice)
    assert receiver.got == []


def test_an_address_of_a_submission_is_one_address_whatever_stands_in_it(receiver: Receiver) -> None:
    notice = replace(DONE, to=(f"ntfy://127.0.0.1:1/topic;json://{receiver.url}",))
    with pytest.raises(TransientError):
        ChatMessenger([], allowed=("ntfy",)).send(notice)
    assert receiver.got == []


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("a.b+c@acme.example", True),
        ("a@b", False),
        ("a@b.example\nBcc: x@y.example", False),
        ("a@b.example&to=c@d.example", False),
        ("@b.example", False),
        ("ä@b.example", False),
    ],
)
def test_plain_mail_addresses_are_told_from_everything_else(text: str, is_one: bool) -> None:  # noqa: FBT001
    assert is_mail_address(text) is is_one
