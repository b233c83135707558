"""Settings -> what Casebook is connected to: a drive, people, a hosted vector store, machines that take jobs."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

import msgspec

from casebook import __version__
from casebook.backends.notifiers.outbox import NoticeOutbox
from casebook.backends.vector_stores.embedded import EmbeddedVectorStore
from casebook.domain.launch import JobName
from casebook.domain.network import is_loopback
from casebook.domain.report_files import ReportFiles
from casebook.domain.run import Run
from casebook.errors import PermanentError
from casebook.observability.logs import Log
from casebook.ports import Clock, Drive, Launcher, Messenger, SharedFiles, Storage, Tracer, VectorStore
from casebook.settings import DoorSettings, Settings

if TYPE_CHECKING:
    from casebook.backends.launchers.remote.api import JsonApi
    from casebook.backends.launchers.remote.paperspace import PaperspaceSettings


_TRACED_BY = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")


class DriveAccess(msgspec.Struct, frozen=True):
    """What a drive is used for; all of it None or empty when there is no drive."""

    shared_files: SharedFiles | None = None
    drive: Drive | None = None
    report_folder: str = ""


def open_drive(settings: Settings) -> DriveAccess:
    """Open Google Drive, if it is set up. Raises PermanentError when the extra or the credentials are missing."""
    drive = settings.drive
    if not drive.is_set:
        if drive.report_folder:
            message = (
                "GDRIVE_FINAL_REPORT_FOLDER is set, but nothing to sign in with: set GOOGLE_APPLICATION_CREDENTIALS "
                "or CASEBOOK_DRIVE_CREDENTIALS"
            )
            raise PermanentError(message)
        return DriveAccess()
    with _needing("gdrive"):
        from casebook.backends.drives.google.calls import DriveCalls, load_credentials  # noqa: PLC0415
        from casebook.backends.drives.google.delivery import GoogleDrive  # noqa: PLC0415
        from casebook.backends.drives.google.shared import GoogleSharedFiles  # noqa: PLC0415

    path = drive.credentials or drive.google_credentials
    writing = bool(drive.report_folder)
    credentials = load_credentials(path, subject=drive.subject or None, writing=writing) if path else None
    calls = DriveCalls(credentials=credentials, api_key=drive.api_key or None, root_url=drive.url or None)
    return DriveAccess(
        shared_files=GoogleSharedFiles(calls),
        drive=GoogleDrive(calls) if credentials else None,
        report_folder=drive.report_folder,
    )


def open_notifier(
    settings: Settings, storage: Storage, *, clock: Clock, log: Log, always: tuple[str, ...] = ()
) -> NoticeOutbox | None:
    """Open what tells people that a run has ended, None when nobody is to be told; `always` are further addresses.

    Raises PermanentError when an address cannot be used.
    """
    messengers: list[Messenger] = []
    notify = settings.notify
    if notify.to or notify.allow or notify.mail or always:
        with _needing("notify"):
            from casebook.backends.notifiers.chat import ChatMessenger  # noqa: PLC0415

        messengers.append(ChatMessenger([*notify.to, *always], allowed=notify.allow, mail=notify.mail or None))
    if notify.webhook:
        from casebook.backends.notifiers.webhook import WebhookMessenger  # noqa: PLC0415 - it brings ssl and http

        messengers.append(WebhookMessenger(notify.webhook, notify.webhook_secret))
    return NoticeOutbox(storage, messengers, clock=clock, log=log) if messengers else None


def link_to_run(settings: Settings, run: Run, files: ReportFiles | None) -> str | None:
    """Say where people look at a run: its page, or else where the report lies."""
    if settings.notify.public_url:
        return f"{settings.notify.public_url.rstrip('/')}/runs/{run.id}"
    return settings.place(files.md) if files else None


def open_vector_store(settings: Settings, storage: Storage, log: Log) -> VectorStore:
    """Open the index. Raises PermanentError when the extra or the key is missing."""
    if settings.vector_store.kind == "embedded":
        return EmbeddedVectorStore(storage)
    key = settings.model.openai_key
    if not key:
        message = "CASEBOOK_VECTOR_STORE=openai needs OPENAI_API_KEY"
        raise PermanentError(message)
    with _needing("model"):
        from casebook.backends.vector_stores.openai_hosted import OpenAIVectorStore, open_client  # noqa: PLC0415

    client = open_client(key, settings.model.openai_base_url)
    return OpenAIVectorStore(client, storage, log=log, expires_days=settings.vector_store.days)


def open_launcher(settings: Settings) -> Launcher | None:
    """Open where runs are worked on; None is the worker itself. Raises PermanentError when something is missing."""
    launcher = settings.launcher
    if launcher.kind == "local":
        return None
    if not launcher.image or settings.engine.database == "sqlite" or not settings.outputs_url:
        message = (
            f"CASEBOOK_LAUNCHER={launcher.kind} needs CASEBOOK_JOB_IMAGE, a postgresql:// URL as CASEBOOK_DATABASE and "
            "a bucket as CASEBOOK_OUTPUTS: a job shares nothing else with the worker"
        )
        raise PermanentError(message)
    if launcher.kind == "paperspace":
        from casebook.backends.launchers.remote.paperspace import PaperspaceLauncher  # noqa: PLC0415 - as kubernetes

        return PaperspaceLauncher(*open_paperspace(settings), wait=time.sleep)
    from casebook.backends.launchers.remote.kubernetes import (  # noqa: PLC0415 - only where it is used
        KubernetesLauncher,
        PodSettings,
        open_cluster,
    )

    pod = PodSettings(
        image=launcher.image,
        namespace=launcher.namespace,
        environment_from=launcher.environment or ("secret/casebook", "config/casebook"),
        cpu=launcher.cpu,
        memory=launcher.memory,
    )
    return KubernetesLauncher(open_cluster(), pod)


def open_paperspace(settings: Settings) -> tuple[JsonApi, PaperspaceSettings]:
    """Return how to call Paperspace and what specs are made of. Raises PermanentError when something is missing."""
    from casebook.backends.launchers.remote.api import JsonApi  # noqa: PLC0415 - only where it is used
    from casebook.backends.launchers.remote.paperspace import URL  # noqa: PLC0415

    key = settings.launcher.paperspace_key
    if not key:
        message = "set PAPERSPACE_API_KEY"
        raise PermanentError(message)
    return JsonApi(URL, lambda: key, who="Paperspace"), paperspace_settings(settings)


def paperspace_settings(settings: Settings) -> PaperspaceSettings:
    """Return what specs are made of. Raises PermanentError, naming what is missing."""
    from casebook.backends.launchers.remote.paperspace import DEFAULT_SECRETS, PaperspaceSettings  # noqa: PLC0415

    launcher = settings.launcher
    needed = {
        "CASEBOOK_JOB_IMAGE": launcher.image,
        "CASEBOOK_PAPERSPACE_PROJECT": launcher.paperspace_project,
        "CASEBOOK_PAPERSPACE_WORKFLOW": launcher.paperspace_workflow,
    }
    missing = [name for name, value in needed.items() if not value]
    if missing:
        message = f"set {' and '.join(missing)}"
        raise PermanentError(message)
    return PaperspaceSettings(
        image=launcher.image,
        project_id=launcher.paperspace_project,
        workflow_id=launcher.paperspace_workflow,
        machine=launcher.paperspace_machine,
        secrets=launcher.paperspace_secrets or DEFAULT_SECRETS,
    )


def paperspace_specs(settings: PaperspaceSettings) -> dict[str, Any]:
    """Return what would be sent: the deployment of the front door, and the workflow of a run."""
    from casebook.backends.launchers.remote.paperspace import deployment_config, workflow_spec  # noqa: PLC0415

    return {"deployment": deployment_config(settings), "workflow": workflow_spec(JobName("RUN-ID", 1), settings)}


def open_tracer(log: Log) -> Tracer:
    """Open where spans go, when OpenTelemetry's own variables say so; otherwise nothing is measured or imported."""
    if not any(os.environ.get(name) for name in _TRACED_BY):
        return lambda _name, _attributes: nullcontext()
    try:
        from casebook.backends.tracers.otlp import OtlpTracer  # noqa: PLC0415 - the `otel` extra
    except ModuleNotFoundError as error:
        log.warning("spans are not sent", reason=f"{error.name} is not installed: pip install 'casebook[otel]'")
        return lambda _name, _attributes: nullcontext()
    return OtlpTracer(__version__)


def check_bind(door: DoorSettings) -> None:
    """Refuse to listen to a network without knowing who sends. Raises PermanentError."""
    if not (is_loopback(door.host) or door.keys or door.webhook_secrets or door.strangers):
        message = (
            f"{door.host} can be reached from other machines: set CASEBOOK_API_KEYS or OPENAI_WEBHOOK_SECRET, "
            "or allow everyone with --allow-anonymous"
        )
        raise PermanentError(message)


def check_database(settings: Settings) -> None:
    """Reach the database once. Raises TransientError when it does not answer, ModuleNotFoundError without `serve`."""
    from casebook.backends.submission_stores.postgres import reach  # noqa: PLC0415 - the `serve` extra

    reach(settings.engine.database)


@contextmanager
def _needing(extra: str) -> Iterator[None]:
    """Say how to install what the base install leaves out."""
    try:
        yield
    except ModuleNotFoundError as error:
        message = f"{error.name} is not installed: pip install 'casebook[{extra}]'"
        raise PermanentError(message) from error
