"""All pages, as the front door knows them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from casebook.documents.pages import PageReader
from casebook.web.answers import SubmissionAnswer
from casebook.web.pages.assets import Assets
from casebook.web.pages.desk import Desk, nothing_spent, see_other
from casebook.web.pages.form import EMBEDDED, FormPages
from casebook.web.pages.rendering import Renderer
from casebook.web.pages.report_page import ReportPages
from casebook.web.pages.reports import Reports
from casebook.web.pages.run_page import RunPages
from casebook.web.pages.run_view import RunViews
from casebook.web.pages.runs_page import RunsPages
from casebook.web.pages.sign_in import SignInPages
from casebook.web.pages.source_view import SourceViews
from casebook.web.parts import Parts
from casebook.web.problems import Problem

_NOT_AUTHENTICATED = 401
_INVALID = 422


class Site:
    """The pages of a front door; a `Pages`."""

    def __init__(
        self,
        parts: Parts,
        *,
        embedders: Sequence[str] = (),
        spent: Callable[[str, str], float | None] = nothing_spent,
    ) -> None:
        """Show what `parts` know; `embedders` are origins that may show the form in a frame.

        `spent(company_slug, run_id)` tells what language models cost so far, in USD; None when none was used.
        """
        self._assets = Assets()
        self._reader = PageReader()
        self._desk = Desk(
            parts=parts,
            renderer=Renderer(self._assets, version=parts.version),
            reader=self._reader,
            embedders=embedders,
            spent=spent,
        )
        self._form = FormPages(self._desk)
        self._sign_in = SignInPages(self._desk)
        views = RunViews(self._desk)
        self._run = RunPages(self._desk, views)
        self._runs = RunsPages(self._desk)
        self._report = ReportPages(self._desk, Reports(views), SourceViews(self._desk, views))

    def routes(self) -> Sequence[BaseRoute]:
        """Return all routes for browsers."""
        return [
            *self._assets.routes(),
            *self._form.routes(),
            *self._sign_in.routes(),
            *self._run.routes(),
            *self._report.routes(),
            *self._runs.routes(),
        ]

    def close(self) -> None:
        """End the worker that draws pages."""
        self._report.close()
        self._reader.close()

    def confirm(self, request: Request, answer: SubmissionAnswer) -> Response:
        """Answer a form that was kept."""
        return self._form.confirm(request, answer)

    def explain(self, request: Request, problem: Problem, request_id: str) -> Response:
        """Answer a browser whose request failed: with the form, the way to sign in, or a page that says why."""
        embedded = bool(request.query_params.get(EMBEDDED))
        form_was_sent = request.method == "POST" and request.url.path == "/"
        if problem.status == _INVALID and form_was_sent:
            return self._form.refused(request, problem)
        if problem.status == _NOT_AUTHENTICATED and not form_was_sent:
            return see_other("/sign-in")
        guard = self._desk.parts.guard
        shown = {
            "problem": problem,
            "request_id": request_id,
            "can_sign_in": guard.has_keys,
            "session": guard.signed_in(request),
            "form_was_sent": form_was_sent,
            "embedded": embedded,
        }
        ancestors = self._desk.embedders if embedded else ()
        return self._desk.renderer.page(
            "problem.html", request, shown, status=problem.status, headers=problem.headers, ancestors=ancestors
        )
