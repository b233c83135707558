"""Calls to the Drive API through Google's own client, with its failures told apart.

Nothing is tried again here: whoever calls decides, at one level.
"""

from __future__ import annotations

import json
import ssl
from collections.abc import Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final

import google.auth
import google_auth_httplib2
import httplib2
from google.auth import exceptions as auth_errors
from google.oauth2 import credentials as user
from google.oauth2 import service_account
from googleapiclient.discovery import build_from_document
from googleapiclient.discovery_cache import get_static_doc
from googleapiclient.errors import HttpError
from googleapiclient.http import MediaIoBaseDownload, MediaIoBaseUpload

from casebook.errors import PermanentError, TransientError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from google.auth.credentials import Credentials

_READING: Final = ("https://www.googleapis.com/auth/drive.readonly",)
_WRITING: Final = ("https://www.googleapis.com/auth/drive",)
_TIMEOUT_SECONDS: Final = 60
_CHUNK_BYTES: Final = 8 * 1024 * 1024
_TOO_MANY_REQUESTS: Final = 429
_TIMED_OUT: Final = 408
_SERVER_ERRORS: Final = 500
_FORBIDDEN: Final = 403
_CONFLICT: Final = 409
_RATE_REASONS: Final = {"rateLimitExceeded", "userRateLimitExceeded", "sharingRateLimitExceeded", "backendError"}
_NO_QUOTA: Final = (
    "Google Drive refuses the upload: service accounts have no storage of their own. Ways out: put the folder on a "
    "shared drive and make the service account a member; or act for a person (CASEBOOK_DRIVE_SUBJECT, domain-wide "
    "delegation); or use a person's OAuth credentials. The report stays in outputs/final"
)
_REASONS: Final = {
    "storageQuotaExceeded": _NO_QUOTA,
    "teamDriveFileLimitExceeded": "the shared drive is full: remove files from it",
    "exportSizeLimitExceeded": "larger than the 10 MB that Google exports: download it by hand and hand it in",
    "cannotDownloadAbusiveFile": "Google marks it as malware or spam and does not hand it out",
    "fileNotDownloadable": "Google does not hand out files of this kind",
    "cannotDownloadFile": "its owner has switched downloading off: allow it in Drive's sharing settings",
    "cannotExportFile": "its owner has switched downloading off: allow it in Drive's sharing settings",
    "insufficientFilePermissions": "no permission: share it with the account that Casebook uses",
    "insufficientPermissions": "the credentials do not cover Google Drive: give them the scope auth/drive",
    "accessNotConfigured": "the Drive API is switched off in the credentials' Google Cloud project: switch it on",
    "dailyLimitExceeded": "the Google Cloud project's daily limit is reached: run again tomorrow or raise it",
    "keyInvalid": "the API key is not valid: check CASEBOOK_DRIVE_API_KEY",
}


class DriveCalls:
    """The handful of Drive calls that Casebook makes; safe to use from several threads."""

    def __init__(
        self, *, credentials: Credentials | None = None, api_key: str | None = None, root_url: str | None = None
    ) -> None:
        """Call as `credentials` or, for what is public, with `api_key`. `root_url` replaces Google's, for tests."""
        self._credentials = credentials
        self._idle: list[Any] = []
        document = json.loads(get_static_doc("drive", "v3"))
        if root_url:
            document |= {"rootUrl": root_url, "baseUrl": f"{root_url}drive/v3/"}
        self._files = build_from_document(document, http=httplib2.Http(), developerKey=api_key).files()
        self.keys: dict[str, str] = {}  # resource keys by item id

    @property
    def account(self) -> str:
        """Say with whom a file must be shared."""
        address = getattr(self._credentials, "service_account_email", None)
        return str(address) if address else "the account that Casebook uses"

    def get(self, file_id: str, fields: str) -> dict[str, Any]:
        """Return facts about one item."""
        return self._execute(self._files.get(fileId=file_id, supportsAllDrives=True, fields=fields), file_id)

    def children(self, folder_id: str, fields: str, page_token: str | None) -> dict[str, Any]:
        """Return one page of a folder's items."""
        return self._execute(
            self._files.list(
                q=f"'{folder_id}' in parents and trashed=false",
                pageSize=1000,
                pageToken=page_token,
                supportsAllDrives=True,
                includeItemsFromAllDrives=True,
                fields=f"nextPageToken,incompleteSearch,files({fields})",
            ),
            folder_id,
        )

    def download(self, file_id: str, target: BinaryIO, *, export_as: str | None, most: int) -> None:
        """Write an item's bytes, or its export, to `target`; PermanentError when there are more than `most`."""
        request = (
            self._files.export_media(fileId=file_id, mimeType=export_as)
            if export_as
            else self._files.get_media(fileId=file_id, supportsAllDrives=True)
        )
        self._send_key(request, file_id)
        done = False
        with _told_apart(self.account), self._connection() as request.http:
            loading = MediaIoBaseDownload(target, request, chunksize=_CHUNK_BYTES)
            while not done:
                _, done = loading.next_chunk(num_retries=0)
                if target.tell() > most:
                    message = f"larger than {most // 1024 // 1024} MB: split it or hand in an extract"
                    raise PermanentError(message)

    def new_ids(self, count: int) -> list[str]:
        """Reserve ids for files that are to be created."""
        return list(self._execute(self._files.generateIds(count=count, space="drive", type="files"))["ids"])

    def create(self, file_id: str, name: str, content: BinaryIO, media_type: str, folder_id: str) -> None:
        """Create a file under a reserved id; nothing happens when it is there already."""
        request = self._files.create(
            body={"id": file_id, "name": name, "parents": [folder_id], "mimeType": media_type},
            media_body=MediaIoBaseUpload(content, mimetype=media_type, resumable=False),
            supportsAllDrives=True,
            fields="id",
        )
        try:
            with _told_apart(self.account, passing=_CONFLICT), self._connection() as http:
                request.execute(http=http, num_retries=0)
        except HttpError:  # 409: an earlier try, whose answer was lost, created it
            return

    def _execute(self, request: Any, item: str = "") -> dict[str, Any]:  # noqa: ANN401 - the client comes without types
        self._send_key(request, item)
        with _told_apart(self.account), self._connection() as http:
            answer: dict[str, Any] = request.execute(http=http, num_retries=0)
            return answer

    def _send_key(self, request: Any, item: str) -> None:  # noqa: ANN401 - as above
        """Send the item's own key alone: those of all that was ever listed would outgrow what a server reads."""
        if key := self.keys.get(item):
            request.headers["X-Goog-Drive-Resource-Keys"] = f"{item}/{key}"

    @contextmanager
    def _connection(self) -> Iterator[Any]:
        """Lend a connection, one user at a time: httplib2's may not be shared."""
        try:
            http = self._idle.pop()
        except IndexError:
            http = httplib2.Http(timeout=_TIMEOUT_SECONDS)
            http.follow_redirects = False
            if self._credentials:
                http = google_auth_httplib2.AuthorizedHttp(self._credentials, http=http)
        try:
            yield http
        finally:
            self._idle.append(http)

    def close(self) -> None:
        """Close the connections that nobody uses."""
        while self._idle:
            http = self._idle.pop()
            getattr(http, "http", http).close()


def load_credentials(path: str, *, subject: str | None = None, writing: bool) -> Credentials:
    """Load credentials: a service account's or a person's file, or ``adc`` for the machine's own.

    `subject` is the person to act for (domain-wide delegation); `writing` asks for leave to put reports there too.
    Raises PermanentError.
    """
    scopes = _WRITING if writing else _READING
    try:
        credentials = google.auth.default(scopes=scopes)[0] if path == "adc" else _from_file(Path(path), scopes)
    except (auth_errors.GoogleAuthError, OSError, ValueError, KeyError) as error:
        message = f"Google's credentials cannot be used: {_without_secrets(path, error)}"
        raise PermanentError(message) from error
    if subject:
        if not hasattr(credentials, "with_subject"):
            message = "CASEBOOK_DRIVE_SUBJECT goes with a service account's credentials only"
            raise PermanentError(message)
        credentials = credentials.with_subject(subject)
    loaded: Credentials = credentials
    return loaded


def _from_file(path: Path, scopes: Sequence[str]) -> Any:  # noqa: ANN401 - Google's classes are typed in part only
    """Read a service account's key or a person's token, of the two kinds that are named here and no other."""
    info = json.loads(path.read_bytes())
    if info["type"] == "service_account":
        return service_account.Credentials.from_service_account_info(info, scopes=scopes)  # type: ignore[no-untyped-call]
    if info["type"] == "authorized_user":
        return user.Credentials.from_authorized_user_info(info, scopes=scopes)  # type: ignore[no-untyped-call]
    message = "another type"
    raise ValueError(message)


def _without_secrets(path: str, error: Exception) -> str:
    """Name the file and what is wrong; a parser's message might repeat what stands in it."""
    if isinstance(error, OSError):
        return f"{Path(path).name}: {error.strerror}"
    if path == "adc":
        return "this machine has none: set GOOGLE_APPLICATION_CREDENTIALS to a file"
    return f"{Path(path).name} is not a credentials file of Google's"


@contextmanager
def _told_apart(account: str, *, passing: int | None = None) -> Iterator[None]:
    """Turn the client's exceptions into ours; an answer with the status `passing` stays what it is."""
    try:
        yield
    except HttpError as error:
        if error.resp.status == passing:
            raise
        raise _from_answer(error, account) from error
    except auth_errors.TransportError as error:
        message = "Google's sign-in cannot be reached"
        raise TransientError(message) from error
    except auth_errors.RefreshError as error:
        if error.retryable:
            message = "Google's sign-in does not answer now"
            raise TransientError(message) from error
        message = "Google refuses the credentials: make new ones, or check CASEBOOK_DRIVE_SUBJECT's delegation"
        raise PermanentError(message) from error
    except (httplib2.HttpLib2Error, TimeoutError, ConnectionError, ssl.SSLError) as error:
        message = f"Google Drive cannot be reached: {type(error).__name__}"
        raise TransientError(message) from error


def _from_answer(error: HttpError, account: str) -> TransientError | PermanentError:
    status, reason = int(error.resp.status), _reason(error)
    passing = status in {_TIMED_OUT, _TOO_MANY_REQUESTS} or status >= _SERVER_ERRORS
    if passing or (status == _FORBIDDEN and reason in _RATE_REASONS):
        return TransientError(f"Google Drive is busy ({status})", retry_after=_retry_after(error.resp))
    if reason in _REASONS:
        return PermanentError(_REASONS[reason])
    explained = {
        401: "Google refuses the credentials: check GOOGLE_APPLICATION_CREDENTIALS",
        403: f"no permission: share it with {account}",
        404: f"not found on Google Drive, or not shared with {account}",
    }
    return PermanentError(explained.get(status, f"Google Drive refuses ({status}, {reason or 'no reason given'})"))


def _reason(error: HttpError) -> str:
    """Return the first reason that an answer gives, such as ``rateLimitExceeded``."""
    try:
        entries = json.loads(error.content)["error"]["errors"]
        return str(entries[0]["reason"])
    except (ValueError, KeyError, IndexError, TypeError):
        return ""


def _retry_after(headers: Mapping[str, str]) -> float | None:
    value = headers.get("retry-after", "")
    return float(value) if value.isascii() and value.isdigit() else None
