"""What a deployment may choose. One line a setting: see `casebook.configuration.kinds`.

Options on the command line come before the environment, the environment before the file `casebook.toml`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from casebook.configuration.kinds import (
    PREFIX,
    choice,
    flag,
    group,
    number,
    optional_path,
    parsed,
    secret,
    several,
    text,
    whole,
)
from casebook.configuration.reading import Complain, Found, SettingsFile, find, made, misnamed, read_file, refuse
from casebook.domain.api_key import parse_api_keys
from casebook.domain.drive_link import DriveLink
from casebook.domain.report_files import parse_formats
from casebook.domain.webhook_secret import parse_webhook_secrets
from casebook.errors import PermanentError

FILE_NAME = "casebook.toml"
FILE_VARIABLE = f"{PREFIX}CONFIG"
SENDER_VARIABLE = f"{PREFIX}KEY"  # of the sender: an option of `submit`
DEFAULT_PORT = 8000

_LANGUAGE = re.compile(r"[a-z]{2}")
_MODEL = re.compile(r"(openai|anthropic|google|local):.+")
_DATABASE = re.compile(r"sqlite|postgres(ql)?://.*")

DEFAULT_STATE = Path("casebook-state")
OBJECT_STORES = ("s3", "gs", "az")


def is_url(outputs: str) -> bool:
    """Tell a bucket's URL from a folder. Raises PermanentError for a URL of another kind."""
    scheme, mark, rest = outputs.partition("://")
    if not mark:
        return False
    if scheme not in OBJECT_STORES or not rest.strip("/"):
        message = "CASEBOOK_OUTPUTS is a folder, or the URL of a bucket: s3://bucket/prefix, gs://… or az://…"
        raise PermanentError(message)
    return True


def _place(given: str) -> Any:  # noqa: ANN401 - a path or a URL until `Settings.at` tells them apart
    is_url(given)
    return given


def _database(given: str) -> str:
    if not _DATABASE.fullmatch(given):
        raise ValueError
    return given


def _priorities(given: str) -> Mapping[str, int]:
    """Read ``name:number`` pairs. Raises ValueError."""
    pairs = (entry.split(":") for entry in re.split(r"[\s,]+", given.strip()) if entry)
    return MappingProxyType({name: int(number) for name, number in pairs})


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineSettings:
    """The queue and its workers."""

    database: str = parsed(
        "sqlite",
        _database,
        "where submissions and the queue are kept: sqlite is files in the outputs folder, for one machine; "
        "PostgreSQL is for several",
        takes="sqlite or a postgresql:// URL",
        shown="sqlite",
        secret=True,  # the URL holds a password
    )
    runs_at_once: int = whole(2, "runs that one worker does side by side", at_least=1)
    runs_per_hour: int = whole(0, "runs that all workers together start in an hour; 0 is no limit")
    max_waiting: int = whole(10_000, "runs that may wait; whoever submits more is asked to come back later", at_least=1)
    lease_seconds: int = whole(
        30,
        "seconds after which the runs of a worker without a sign of life go to another; PostgreSQL only",
        at_least=1,
    )
    keep_queue_days: int = whole(
        0,
        "days for which ended runs stay in the queue's tables; 0 is for ever; reports and run records are never "
        "deleted by it",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class DoorSettings:
    """The front door: `casebook serve`."""

    host: str = text(
        "127.0.0.1", "address to listen on; one that other machines reach needs authentication", option="--host"
    )
    port: int = whole(DEFAULT_PORT, "port to listen on; 0 is any free one", at_most=65535, option="--port")
    keys: Mapping[str, str] = parsed(
        MappingProxyType({}),
        parse_api_keys,
        "keys of those who may submit; make one with casebook key NAME",
        takes="a list of name:sha256, separated by commas",
        env="CASEBOOK_API_KEYS",
        shown="none",
        secret=True,
    )
    webhook_secrets: tuple[bytes, ...] = parsed(
        (),
        parse_webhook_secrets,
        "secret of signed webhooks; the old and the new one, separated by a blank, while it is changed",
        takes="'whsec_' and the base64 of 24 to 64 bytes",
        env="OPENAI_WEBHOOK_SECRET",
        shown="none",
        secret=True,
    )
    strangers: bool = flag(
        "1: everyone who reaches the address may send", env="CASEBOOK_ALLOW_ANONYMOUS", option="--allow-anonymous"
    )
    master_key: str = secret(
        "what access tokens are made of; the same on all servers",
        takes="a text of 32 characters or more",
        least=32,
        shown="a file in the outputs folder",
    )
    embedders: tuple[str, ...] = several(
        "web sites that may show the form at /embed in a frame",
        takes="a list of origins such as https://www.example.org, separated by commas",
        pattern=r"https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?",  # strictly: they become part of a header
        env="CASEBOOK_EMBED_ORIGINS",
    )
    origins: tuple[str, ...] = several(
        "web pages that may use this server, as https://forms.example.org",
        takes="a list of origins such as https://www.example.org, separated by commas",
        pattern=r"https?://([A-Za-z0-9.-]+|\[[0-9a-f:]+\])(:[0-9]{1,5})?",  # neither null nor *
        env="CASEBOOK_CORS_ORIGINS",
    )
    hosts: tuple[str, ...] = several(
        "names that the server answers for", env="CASEBOOK_ALLOWED_HOSTS", shown="loopback names, or any"
    )
    proxies: tuple[str, ...] = several(
        "addresses of proxies whose X-Forwarded-For is believed", env="CASEBOOK_TRUSTED_PROXIES"
    )
    priorities: Mapping[str, int] = parsed(
        MappingProxyType({}),
        _priorities,
        "whose runs come first: a key's name, webhook, anonymous or local, and a number; lower ones first, 0 for all "
        "others",
        takes="a list of name:number, separated by commas",
        env="CASEBOOK_PRIORITIES",
        shown="none",
    )
    rate: str = text(
        "60/minute",
        "submissions of a key, of the webhook or of an anonymous address; not of this machine",
        env="CASEBOOK_RATE_LIMIT",
    )
    rate_storage: str = parsed(
        "memory://",
        str,
        "where they are counted; redis://HOST:PORT, with the extra redis, when there are several servers",
        takes="a URL",
        shown="memory://",
        secret=True,  # the URL may hold a password
    )
    regions: Path | None = optional_path("regions.toml: where which countries' submissions go", shown="no regions")
    region: str = text("", "which of the regions this is")
    region_check_seconds: int = whole(
        30, "seconds for which a region that answered is believed to be up; 0: senders are sent there without a look"
    )
    success_status: int = whole(202, "200 for senders that test for it", among=(200, 202))
    max_request_mb: int = whole(1024, "greatest submission, in MiB", at_least=1, at_most=1_000_000)
    max_file_mb: int = whole(200, "greatest file, in MiB", at_least=1, at_most=1_000_000)
    max_files: int = whole(50, "files in a submission", at_most=1_000_000)
    min_free_mb: int = whole(256, "space on the disk that uploads leave free, in MiB", at_most=1_000_000)


def _drive_folder(given: str) -> str:
    return DriveLink.parse(given).id


@dataclass(frozen=True, slots=True, kw_only=True)
class DriveSettings:
    """Google Drive: files behind a submission's link, and where reports are put."""

    credentials: str = text(
        "",
        "file with a service account's key or a person's token; adc is this machine's own account",
        env="CASEBOOK_DRIVE_CREDENTIALS",
    )
    google_credentials: str = text("", "the same, by Google's own name", env="GOOGLE_APPLICATION_CREDENTIALS")
    subject: str = text("", "whom a service account acts for (domain-wide delegation)", env="CASEBOOK_DRIVE_SUBJECT")
    api_key: str = secret("enough for what is shared with everyone who has the link", env="CASEBOOK_DRIVE_API_KEY")
    report_folder: str = parsed(
        "",
        _drive_folder,
        "where reports are put",
        takes="the link or id of a folder of Google Drive",
        env="GDRIVE_FINAL_REPORT_FOLDER",
        shown="reports stay in outputs",
    )
    url: str = text("", "address that stands in for Google's, for tests", env="CASEBOOK_DRIVE_URL")

    @property
    def is_set(self) -> bool:
        """Whether there is a way in."""
        return bool(self.credentials or self.google_credentials or self.api_key)


@dataclass(frozen=True, slots=True, kw_only=True)
class NotifySettings:
    """Telling people that a run has ended."""

    to: tuple[str, ...] = several("Apprise addresses that are told of every run", env="CASEBOOK_NOTIFY", secret=True)
    allow: tuple[str, ...] = several(
        "kinds of addresses that a submission may name for its own run, such as slack", env="CASEBOOK_NOTIFY_ALLOW"
    )
    mail: str = secret(
        "Apprise mail address without recipient: submissions may name mail addresses", env="CASEBOOK_NOTIFY_MAIL"
    )
    webhook: str = text("", "address that gets signed JSON of every run", env="CASEBOOK_NOTIFY_WEBHOOK")
    webhook_secret: str = secret(
        "what it is signed with",
        takes="'whsec_' and the base64 of 24 to 64 bytes",
        env="CASEBOOK_NOTIFY_WEBHOOK_SECRET",
    )
    public_url: str = text("", "where people reach casebook serve, for links", env="CASEBOOK_PUBLIC_URL")


@dataclass(frozen=True, slots=True, kw_only=True)
class LauncherSettings:
    """Where runs are worked on."""

    kind: str = choice(
        "local",
        ("local", "kubernetes", "paperspace"),
        "local: in the worker; otherwise a job is started for each run, which needs PostgreSQL and a bucket",
        env="CASEBOOK_LAUNCHER",
    )
    image: str = text("", "image of jobs, best by digest", env="CASEBOOK_JOB_IMAGE")
    namespace: str = text("casebook", "Kubernetes namespace of jobs", env="CASEBOOK_KUBERNETES_NAMESPACE")
    environment: tuple[str, ...] = several(
        "Secrets and ConfigMaps that jobs get as environment",
        takes="a list of secret/NAME and config/NAME, separated by commas",
        pattern=r"(secret|config)/[a-z0-9.-]+",
        env="CASEBOOK_KUBERNETES_ENVIRONMENT",
    )
    cpu: str = text("2", "processors that a Kubernetes job asks for", env="CASEBOOK_JOB_CPU")
    memory: str = text("4Gi", "memory of a Kubernetes job", env="CASEBOOK_JOB_MEMORY")
    paperspace_key: str = secret("Paperspace API key", env="PAPERSPACE_API_KEY")
    paperspace_project: str = text("", "Paperspace project", env="CASEBOOK_PAPERSPACE_PROJECT")
    paperspace_workflow: str = text("", "Paperspace workflow whose runs are jobs", env="CASEBOOK_PAPERSPACE_WORKFLOW")
    paperspace_machine: str = text("C5", "Paperspace machine type", env="CASEBOOK_PAPERSPACE_MACHINE")
    paperspace_secrets: tuple[str, ...] = several(
        "names of Paperspace secrets that jobs get as environment", env="CASEBOOK_PAPERSPACE_SECRETS"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class VectorStoreSettings:
    """Where passages are searched."""

    kind: str = choice(
        "embedded",
        ("embedded", "openai"),
        "embedded: the built-in index; openai: a store hosted there (OPENAI_API_KEY), which sends it the texts",
        env="CASEBOOK_VECTOR_STORE",
    )
    days: int = whole(
        30,
        "days without use after which a hosted store goes by itself",
        at_least=1,
        at_most=365,
        env="CASEBOOK_VECTOR_STORE_DAYS",
    )


def _model(given: str) -> str:
    if not _MODEL.fullmatch(given):
        raise ValueError
    return given


def _price(given: str) -> tuple[float, float]:
    each_in, each_out = (float(part) for part in given.split("/"))
    if not (math.isfinite(each_in + each_out) and each_in >= 0 and each_out >= 0):
        raise ValueError
    return each_in, each_out


def _language(given: str) -> str:
    if not _LANGUAGE.fullmatch(given):
        raise ValueError
    return given


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSettings:
    """The language model, for those who want one."""

    model: str = parsed(
        "",
        _model,
        "the language model that thinks; without one the built-in analyst does",
        takes="openai:NAME, anthropic:NAME, google:NAME or local:PATH of a GGUF file",
    )
    openai_key: str = secret("key for OpenAI, or for the server at OPENAI_BASE_URL", env="OPENAI_API_KEY")
    openai_base_url: str = text(
        "",
        "address of another server that speaks OpenAI's protocol, such as http://127.0.0.1:11434/v1",
        env="OPENAI_BASE_URL",
    )
    anthropic_key: str = secret("key for Anthropic; needs the extra anthropic", env="ANTHROPIC_API_KEY")
    google_key: str = secret("key for Google's Gemini; needs the extra google", env="GOOGLE_API_KEY")
    budget_run: float = number(0.0, "USD that a run may spend on the model; 0 is no limit")
    budget_day: float = number(0.0, "USD that all runs together may spend in a day (UTC); 0 is no limit")
    model_price: tuple[float, ...] = parsed(
        (),
        _price,
        "price of a model that is on no list, so that costs are known and a budget can be held",
        takes="IN/OUT in USD for a million tokens, such as 0.25/2",
        shown="the provider's list",
    )
    model_economy: bool = flag("1: OpenAI's flexible service: half the price, slower answers")
    model_requests: int = whole(8, "requests to the model at a time", at_least=1, at_most=256)
    model_window: int = whole(
        8_000, "tokens of documents that the model reads with one request", at_least=500, at_most=200_000
    )
    model_timeout: int = whole(120, "seconds after which a request is given up; a local model gets more", at_least=1)
    report_language: str = parsed(
        "",
        _language,
        "language of what the model writes that is not bound to its quotes' language",
        takes="a language's code, such as de",
        shown="as the model chooses",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class LogSettings:
    """Logs."""

    keep_days: int = whole(30, "days for which logs that are no longer written to are kept; 0 is for ever")


@dataclass(frozen=True, slots=True, kw_only=True)
class KeepSettings:
    """How long runs are kept."""

    runs_days: int = whole(
        0,
        "days from its end after which a run is deleted with all that is of it, by casebook serve or casebook forget; "
        "0 is never",
    )
    latest_run: bool = flag("1: the latest finished run of each company is kept for ever all the same")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All settings; whoever needs some is handed those."""

    outputs: Path = parsed(  # when the outputs are in a bucket: what this machine keeps for itself
        Path("outputs"),
        _place,
        "where everything is written; a folder is made when needed",
        takes="a folder, or the URL of a bucket: s3://bucket/prefix, gs://… or az://…",
        option="--outputs",
        is_path=True,
    )
    outputs_url: str = ""  # when CASEBOOK_OUTPUTS is one
    state: Path | None = optional_path(
        "folder for what a machine keeps for itself when the outputs are in a bucket", shown=str(DEFAULT_STATE)
    )
    catalogue: Path | None = optional_path(
        "a catalogue of your own: JSON, YAML or CSV", option="--catalogue", shown="the built-in catalogue"
    )
    catalogue_mode: str = choice(
        "replace",
        ("replace", "add"),
        "replace: only your own catalogue; add: the built-in one too",
        option="--with-built-in",
    )
    workers: int = whole(
        0, "processes that read files or match what they say; 0 is one for each core, and no more read"
    )
    formats: tuple[str, ...] = parsed(
        (),
        parse_formats,
        "formats of the report beside Markdown, HTML and JSON, which are always written; pdf and docx need the extra "
        "of that name",
        takes="a list of md, html, json, pdf, docx, separated by commas",
        option="--format",
        shown="md,html,json",
    )
    fonts: Path | None = optional_path(
        "folder with fonts for the PDF beside those that are bundled, such as one for Chinese", shown="none"
    )
    engine: EngineSettings = group(EngineSettings, "The queue and its workers")
    model: ModelSettings = group(ModelSettings, "The language model, for those who want one")
    door: DoorSettings = group(DoorSettings, "The front door: casebook serve")
    drive: DriveSettings = group(DriveSettings, "Google Drive")
    notify: NotifySettings = group(NotifySettings, "Notices when a run has ended")
    launcher: LauncherSettings = group(LauncherSettings, "Where runs are worked on")
    vector_store: VectorStoreSettings = group(VectorStoreSettings, "Where passages are searched")
    log: LogSettings = group(LogSettings, "Logs", prefix="CASEBOOK_LOG_")
    keep: KeepSettings = group(KeepSettings, "How long runs are kept", prefix="CASEBOOK_KEEP_")

    def at(self, outputs: str) -> Settings:
        """Return these settings with other outputs: a folder, or a bucket's URL."""
        if not is_url(outputs):
            return replace(self, outputs=Path(outputs), outputs_url="")
        return replace(self, outputs=self.state or DEFAULT_STATE, outputs_url=outputs.rstrip("/"))

    def place(self, key: str) -> str:
        """Say where a person finds what is kept under `key`."""
        return f"{self.outputs_url}/{key}" if self.outputs_url else str(self.outputs / key)

    @classmethod
    def from_environment(
        cls, environment: Mapping[str, str], file: SettingsFile | None = None, complain: Complain = refuse
    ) -> Settings:
        """Read the settings; `complain` is told what is wrong and what it takes, never its value."""
        settings = made(cls, cls.find(environment, file, complain))
        return settings.at(str(settings.outputs))

    @classmethod
    def find(
        cls, environment: Mapping[str, str], file: SettingsFile | None = None, complain: Complain = refuse
    ) -> list[Found]:
        """Find each setting and where it was set; `complain` is told as by `from_environment`."""
        return find(cls, environment, file or SettingsFile(), complain)

    @classmethod
    def misnamed(cls, environment: Mapping[str, str]) -> list[str]:
        """Say which variables look like settings and are none, with the name that was probably meant."""
        return list(misnamed(cls, environment, (FILE_VARIABLE, SENDER_VARIABLE)))


def settings_file(environment: Mapping[str, str], given: Path | None = None) -> SettingsFile:
    """Read the file that was named, by option or variable, or `casebook.toml` in this folder if it is there.

    Raises PermanentError when it cannot be read.
    """
    named = given or Path(environment.get(FILE_VARIABLE) or FILE_NAME)
    if not given and not environment.get(FILE_VARIABLE) and not named.exists():
        return SettingsFile()
    return read_file(named)
