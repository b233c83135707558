"""The form, its embeddable variant, and the page that says that a submission is kept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from casebook.domain.intake import access_token, confirmation_code
from casebook.domain.submission import DEFAULT_USE_CASES, MAX_NAME_CHARACTERS, MAX_TEXT_CHARACTERS, USE_CASES_RANGE
from casebook.web.answers import SubmissionAnswer
from casebook.web.intake import ALIASES
from casebook.web.pages.desk import Desk, PageRoute, see_other
from casebook.web.pages.run_page import run_route
from casebook.web.problems import Problem
from casebook.web.sessions import give_access

EMBEDDED: Final = "embedded"
_NO_VALUES: Final = dict.fromkeys((*ALIASES, "uploads"), "") | {"use_cases_count": str(DEFAULT_USE_CASES)}


class FormPages:
    """The way in for people."""

    def __init__(self, desk: Desk) -> None:
        """Use the desk's parts."""
        self._desk = desk

    def routes(self) -> list[Route]:
        """Return the routes."""
        embed = [PageRoute("/embed", self.embedded)] if self._desk.embedders else []
        return [PageRoute("/", self.form), run_route(self._desk, "/submitted", self.submitted), *embed]

    async def form(self, request: Request) -> Response:
        """GET /: the form."""
        if not self._desk.parts.guard.may_send(request):
            return see_other("/sign-in")
        return self._form(request, _NO_VALUES)

    async def embedded(self, request: Request) -> Response:
        """GET /embed: the form in a frame of a site that may show it."""
        return self._form(request, _NO_VALUES, embedded=True)

    async def submitted(self, request: Request) -> Response:
        """GET /runs/{id}/submitted: that the submission is kept, its code and its private link."""
        parts = self._desk.parts
        stored = await parts.submission(request)
        token = access_token(parts.master, stored.company_id)
        return self._confirmation(
            request,
            run_id=stored.run_id,
            token=token,
            name=stored.submission.company_name,
            files=[(file.name, file.size) for file in stored.files],
        )

    def confirm(self, request: Request, answer: SubmissionAnswer) -> Response:
        """Send a browser on to the confirmation; in a frame, where cookies are not sent, show it at once."""
        if request.query_params.get(EMBEDDED):
            return self._confirmation(
                request,
                run_id=answer.run_id,
                token=answer.access_token,
                name=answer.company_name,
                files=None,
                count=answer.files_saved,
            )
        response = see_other(f"/runs/{answer.run_id}/submitted")
        give_access(response, request, answer.run_id, answer.access_token)
        return response

    def refused(self, request: Request, problem: Problem) -> Response:
        """Show the form again with what was typed, and what is wrong with it."""
        wrong = {error.pointer.strip("/") or "form" for error in problem.errors}
        fields = _by_canonical_name(getattr(request.state, "fields", {}))
        embedded = bool(request.query_params.get(EMBEDDED))
        return self._form(request, _NO_VALUES | fields, wrong=_canonical(wrong), status=422, embedded=embedded)

    def _form(
        self,
        request: Request,
        values: Mapping[str, str],
        *,
        wrong: frozenset[str] = frozenset(),
        status: int = 200,
        embedded: bool = False,
    ) -> Response:
        limits = self._desk.parts.limits
        shown = {
            "values": values,
            "wrong": wrong,
            "embedded": embedded,
            "action": f"/?{EMBEDDED}=1" if embedded else "/",
            "most_files": limits.files,
            "file_bytes": limits.file_bytes,
            "name_characters": MAX_NAME_CHARACTERS,
            "text_characters": MAX_TEXT_CHARACTERS,
            "use_cases_range": USE_CASES_RANGE,
            "session": self._desk.parts.guard.signed_in(request),
        }
        ancestors = self._desk.embedders if embedded else ()
        return self._desk.renderer.page("form.html", request, shown, status=status, ancestors=ancestors)

    def _confirmation(  # noqa: PLR0913 - what it says
        self,
        request: Request,
        *,
        run_id: str,
        token: str,
        name: str,
        files: list[tuple[str, int]] | None,
        count: int = 0,
    ) -> Response:
        embedded = files is None
        shown = {
            "code": confirmation_code(run_id),
            "link": f"{str(request.base_url).rstrip('/')}/runs/{run_id}?token={token}",
            "run_address": f"/runs/{run_id}",
            "company": name,
            "files": files or [],
            "count": count if files is None else len(files),
            "embedded": embedded,
            "session": self._desk.parts.guard.signed_in(request),
        }
        ancestors = self._desk.embedders if embedded else ()
        return self._desk.renderer.page("submitted.html", request, shown, ancestors=ancestors, secret=True)


def _by_canonical_name(fields: Mapping[str, Any]) -> dict[str, str]:
    """Return what was typed, by the names that the form uses."""
    plain = {_plain(name): value for name, value in fields.items() if isinstance(value, str | int | float)}
    found = {}
    for canonical, aliases in ALIASES.items():
        value = next((plain[alias] for alias in aliases if alias in plain), None)
        if value is not None:
            found[canonical] = str(value)
    if "uploads" in plain:
        found["uploads"] = str(plain["uploads"])
    return found


def _canonical(names: set[str]) -> frozenset[str]:
    known = {alias: canonical for canonical, aliases in ALIASES.items() for alias in aliases}
    return frozenset(known.get(_plain(name), name if name == "uploads" else "form") for name in names)


def _plain(name: str) -> str:
    return "".join(character for character in name.lower() if character not in " _-\t")
