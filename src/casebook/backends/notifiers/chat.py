"""Slack, e-mail and a hundred other services, by their Apprise URLs."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Final

import apprise

from casebook.domain.notice import Event, Notice
from casebook.errors import PermanentError, TransientError

_KINDS: Final = {
    Event.RUN_DONE: apprise.NotifyType.SUCCESS,
    Event.RUN_FAILED: apprise.NotifyType.FAILURE,
    Event.BUDGET_REACHED: apprise.NotifyType.WARNING,
}
# Those that reach into this machine or would let whoever sends a submission post to any address.
NEVER_FROM_SUBMISSIONS: Final = {
    "apprise",
    "apprises",
    "file",
    "form",
    "forms",
    "json",
    "jsons",
    "syslog",
    "xml",
    "xmls",
}


class ChatMessenger:
    """A `Messenger` over Apprise: to the deployment's addresses, and to those of a submission that it may name."""

    name = "chat"

    def __init__(self, urls: Sequence[str], *, allowed: Sequence[str] = (), mail: str | None = None) -> None:
        """Send to `urls`; a submission may name addresses whose scheme is `allowed`.

        With `mail`, an Apprise mail address without recipient, it may name plain mail addresses too. Raises
        PermanentError when an address cannot be used.
        """
        logging.getLogger("apprise").disabled = True  # it would write addresses, with what is secret in them
        for number, url in enumerate(urls, start=1):
            if apprise.Apprise.instantiate(url) is None:
                message = f"address {number} of CASEBOOK_NOTIFY is not one that Apprise knows"
                raise PermanentError(message)
        self._urls = tuple(urls)
        self._allowed = frozenset(allowed) - NEVER_FROM_SUBMISSIONS
        self._mail = mail

    def send(self, notice: Notice) -> None:
        """Send a notice to all. Raises TransientError when one of them did not take it."""
        targets = apprise.Apprise()
        for url in (*self._urls, *filter(None, map(self._of_submission, notice.to))):
            target = apprise.Apprise.instantiate(url)  # as text it might be taken for several addresses
            if target is not None:
                targets.add(target)
        if not len(targets):
            return
        kind, text = _KINDS[notice.event], apprise.NotifyFormat.TEXT
        if not targets.notify(title=notice.title, body=notice.body, notify_type=kind, body_format=text):
            message = "not all addresses took the message"
            raise TransientError(message)

    def _of_submission(self, address: str) -> str | None:
        scheme, separator, _ = address.partition("://")
        if separator:
            return address if scheme.lower() in self._allowed else None
        if self._mail is None or not is_mail_address(address):
            return None
        return f"{self._mail}{'&' if '?' in self._mail else '?'}to={address}"


def is_mail_address(text: str) -> bool:
    """Tell a plain mail address, which holds nothing that means something in a URL or a header."""
    name, at, host = text.partition("@")
    plain = all(character.isalnum() or character in "._+-" for character in name + host)
    return bool(at and name and plain and text.isascii() and "." in host.strip("."))
