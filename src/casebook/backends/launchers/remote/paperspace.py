"""Paperspace workflow runs and deployments over API v1. Specified, not verified live.

The run endpoints stand in the published machine-readable description of the API, not in its reference pages.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from casebook.backends.launchers.remote.api import JsonApi
from casebook.domain.launch import JobName, LaunchState
from casebook.errors import PermanentError, Unanswered

DEFAULT_SECRETS: Final = ("CASEBOOK_DATABASE", "CASEBOOK_OUTPUTS")
URL: Final = "https://api.paperspace.com/v1"
_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
_IMAGE: Final = re.compile(r"[a-z0-9][a-z0-9._/:-]*(@sha256:[0-9a-f]{64})?")
_SECRET: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_MARK: Final = "casebook_job"  # in a run's meta: how a job is found again
_LOOKS: Final = 3  # for a run whose creation went unanswered
_LOOK_WAIT: Final = 3.0
_PAGES: Final = 10
_STATES: Final = {
    "initializing": LaunchState.WAITING,
    "submitting": LaunchState.WAITING,
    "pending": LaunchState.WAITING,
    "running": LaunchState.RUNNING,
    "succeeded": LaunchState.SUCCEEDED,
    "failed": LaunchState.FAILED,
    "error": LaunchState.FAILED,
    "skipped": LaunchState.GONE,
    "omitted": LaunchState.GONE,
    "canceled": LaunchState.GONE,
    "cancelled": LaunchState.GONE,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperspaceSettings:
    """What specs are made of; nothing here comes from a submission."""

    image: str
    project_id: str
    workflow_id: str
    machine: str = "C5"  # a CPU machine: a run waits for a model's answers, it needs no GPU
    secrets: tuple[str, ...] = DEFAULT_SECRETS  # names of the project's secrets
    name: str = "casebook"
    port: int = 8000
    timeout_seconds: int = 4 * 3600

    def __post_init__(self) -> None:
        """Refuse what cannot stand in a spec. Raises PermanentError."""
        for what, value, pattern in (
            ("image", self.image, _IMAGE),
            ("project", self.project_id, _ID),
            ("workflow", self.workflow_id, _ID),
            ("machine", self.machine, _ID),
            ("name", self.name, _ID),
            *(("secret", secret, _SECRET) for secret in self.secrets),
        ):
            if not pattern.fullmatch(value):
                message = f"CASEBOOK_PAPERSPACE: the {what} has a form that Paperspace does not take"
                raise PermanentError(message)


class PaperspaceLauncher:
    """A `Launcher` whose handle is the run's number within the workflow.

    The API has no idempotency key: a creation that went unanswered is looked for among the runs, and if it is not
    there nobody can tell, so it is not sent again.
    """

    name = "paperspace"

    def __init__(self, api: JsonApi, settings: PaperspaceSettings, *, wait: Callable[[float], None]) -> None:
        """Create runs of the workflow through `api`; `wait` between looks for one."""
        self._api = api
        self._settings = settings
        self._wait = wait
        self._runs = f"/workflows/{settings.workflow_id}/runs"

    def find(self, job: JobName) -> str | None:
        """Find the run that was created for a job, None when there is none."""
        return next((str(run["id"]) for run in self._listed() if run.get("meta", {}).get(_MARK) == job.text), None)

    def start(self, job: JobName) -> str:
        """Create a run and return its number. Raises PermanentError when nobody can tell whether it was created."""
        body = {"spec": workflow_spec(job, self._settings), "meta": {_MARK: job.text}}
        try:
            return str(self._api.call("POST", self._runs, body=body).body["id"])
        except Unanswered as error:
            for _ in range(_LOOKS):
                self._wait(_LOOK_WAIT)
                found = self.find(job)
                if found:
                    return found
            message = f"{error}: nobody can tell whether {job.text} was started. Look for it there, then run it again"
            raise PermanentError(message) from error

    def state(self, handle: str) -> LaunchState:
        """Tell how far a run is; a phase that is new to us counts as under way."""
        phase = str(self._api.call("GET", f"{self._runs}/{_checked(handle)}").body["status"]["phase"])
        return _STATES.get(phase.lower(), LaunchState.RUNNING)

    def cancel(self, handle: str) -> None:
        """Cancel a run."""
        self._api.call("POST", f"{self._runs}/{_checked(handle)}/cancel", body={})

    def _listed(self) -> Iterator[dict[str, Any]]:
        after: str | None = None
        for _ in range(_PAGES):
            query = {"limit": "100", "orderBy": "dtCreated", "order": "desc", **({"after": after} if after else {})}
            page = self._api.call("GET", self._runs, query=query).body
            yield from page["items"]
            after = page.get("nextPage")
            if not page.get("hasMore") or not after:
                return


def deploy(api: JsonApi, settings: PaperspaceSettings) -> str:
    """Create or update the front door's deployment and return its id: the same project and name is the same one."""
    body = {"projectId": settings.project_id, "config": deployment_config(settings)}
    return str(api.call("POST", "/deployments", body=body).body["deploymentId"])


def workflow_spec(job: JobName, settings: PaperspaceSettings) -> dict[str, Any]:
    """Return the spec of one run: one job, told the run's id and the names of secrets, nothing else."""
    spec = {
        "defaults": {
            "resources": {"instance-type": settings.machine},
            "env": {name: f"secret:{name}" for name in settings.secrets},
        },
        "jobs": {
            "job": {
                "uses": "container@v1",
                "with": {"image": settings.image, "command": "casebook", "args": ["job", "--run", job.run_id]},
                "timeout": settings.timeout_seconds,
            }
        },
    }
    check_workflow_spec(spec, secrets=settings.secrets)
    return spec


def deployment_config(settings: PaperspaceSettings) -> dict[str, Any]:
    """Return the front door's deployment: takes submissions, lets jobs work on them."""
    return {
        "apiVersion": "v1",
        "name": settings.name,
        "image": settings.image,
        "command": ["casebook", "serve", "--host", "0.0.0.0", "--port", str(settings.port)],  # noqa: S104 - in a container
        "enabled": True,
        "resources": {"machineType": settings.machine, "ports": [settings.port], "replicas": 1},
        "env": [
            *({"name": name, "value": f"secret:{name}"} for name in settings.secrets),
            {"name": "CASEBOOK_LAUNCHER", "value": "paperspace"},
        ],
        "healthChecks": {
            "readiness": {"path": "/health", "port": settings.port},
            "liveness": {"path": "/health/live", "port": settings.port},
        },
    }


def check_workflow_spec(spec: dict[str, Any], *, secrets: tuple[str, ...]) -> None:
    """Hold a spec to the workflow grammar, and its secret references to those that are meant.

    Raises PermanentError: a spec that the other side would refuse, or that would leak, is not sent.
    """
    problems = [*_unknown(spec, _TOP, "spec"), *_wrong_environment(spec.get("defaults", {}).get("env", {}), secrets)]
    jobs = spec.get("jobs", {})
    for name, job in jobs.items():
        problems += _unknown(job, _JOB, name)
        problems += [f"{name} needs {need}, which is none" for need in job.get("needs", []) if need not in jobs]
        problems += _wrong_environment(job.get("env", {}), secrets)
        words = [str(word) for word in _leaves(job.get("with", {}))]
        problems += [f"{name} refers to a secret outside env" for word in words if word.startswith("secret:")]
        problems += [f"{name} holds a substitution" for word in words if "${" in word]
    if problems or not jobs:
        message = f"the Paperspace spec is wrong: {'; '.join(problems) or 'it has no jobs'}"
        raise PermanentError(message)


_TOP: Final = frozenset({"defaults", "inputs", "jobs", "on", "context", "timeout"})
_JOB: Final = frozenset({"uses", "with", "needs", "inputs", "outputs", "env", "resources", "timeout"})


def _unknown(part: dict[str, Any], known: frozenset[str], where: str) -> list[str]:
    return [f"{where} has no {key}" for key in part if key not in known]


def _wrong_environment(environment: dict[str, Any], secrets: tuple[str, ...]) -> list[str]:
    return [
        f"env {name} refers to another secret"
        for name, value in environment.items()
        if not isinstance(value, str) or (value.startswith("secret:") and value.removeprefix("secret:") not in secrets)
    ]


def _leaves(part: object) -> Iterator[object]:
    if isinstance(part, dict):
        for value in part.values():
            yield from _leaves(value)
    elif isinstance(part, list):
        for value in part:
            yield from _leaves(value)
    else:
        yield part


def _checked(handle: str) -> str:
    if not _ID.fullmatch(handle):
        message = "not the number of a run"
        raise PermanentError(message)
    return handle
