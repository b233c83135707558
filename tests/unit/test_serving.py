"""The front door's settings, and what it refuses to start with."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path

import pytest

from casebook.connections import check_bind
from casebook.domain.network import is_loopback
from casebook.errors import PermanentError
from casebook.serving import new_key, open_server
from casebook.settings import DoorSettings, Settings

SECRET = f"whsec_{base64.b64encode(b's' * 32).decode()}"
DIGEST = "0" * 64


def _door(environment: dict[str, str]) -> DoorSettings:
    return Settings.from_environment(environment).door


def test_nothing_set_is_this_machine_alone() -> None:
    door = _door({})
    assert (door.host, door.port, door.keys, door.webhook_secrets, door.strangers) == ("127.0.0.1", 8000, {}, (), False)
    check_bind(door)


REGIONS = '[regions.eu]\nurl = "https://eu.test"\n[regions.us]\nurl = "https://us.test"\n'


@pytest.mark.parametrize(
    ("region", "text", "said"),
    [
        ("eu", None, "cannot be read"),
        ("eu", b"\xff", "cannot be read: not UTF-8"),
        ("eu", b"[", "not TOML"),
        ("", REGIONS.encode(), "CASEBOOK_REGION says which of the regions this is: one of eu, us"),
    ],
)
def test_regions_that_cannot_be_followed_keep_a_server_from_starting(
    tmp_path: Path, region: str, text: bytes | None, said: str
) -> None:
    file = tmp_path / "regions.toml"
    if text is not None:
        file.write_bytes(text)
    settings = Settings.from_environment(
        {"CASEBOOK_REGIONS": str(file), "CASEBOOK_REGION": region, "CASEBOOK_OUTPUTS": str(tmp_path / "outputs")}
    )
    with pytest.raises(PermanentError, match=said), open_server(settings):
        pass


def test_a_region_without_the_file_of_regions_is_refused(tmp_path: Path) -> None:
    settings = Settings.from_environment({"CASEBOOK_REGION": "eu", "CASEBOOK_OUTPUTS": str(tmp_path)})
    with pytest.raises(PermanentError, match="CASEBOOK_REGIONS"), open_server(settings):
        pass


def test_everything_is_read() -> None:
    door = _door(
        {
            "CASEBOOK_HOST": "0.0.0.0",  # noqa: S104 - the case
            "CASEBOOK_PORT": "81",
            "CASEBOOK_API_KEYS": f"alpha:{DIGEST}, beta:{'1' * 64}",
            "OPENAI_WEBHOOK_SECRET": f"{SECRET} {SECRET.removeprefix('whsec_')}",
            "CASEBOOK_CORS_ORIGINS": "https://a.test,https://b.test",
            "CASEBOOK_SUCCESS_STATUS": "200",
            "CASEBOOK_MAX_FILE_MB": "1",
            "CASEBOOK_MIN_FREE_MB": "0",
        }
    )
    assert (door.host, door.port, door.success_status) == ("0.0.0.0", 81, 200)  # noqa: S104
    assert door.keys == {DIGEST: "alpha", "1" * 64: "beta"}
    assert door.webhook_secrets == (b"s" * 32, b"s" * 32)
    assert door.origins == ("https://a.test", "https://b.test")
    assert (door.max_file_mb, door.min_free_mb) == (1, 0)
    check_bind(door)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CASEBOOK_PORT", "65536"),
        ("CASEBOOK_PORT", "http"),
        ("CASEBOOK_SUCCESS_STATUS", "204"),
        ("CASEBOOK_ALLOW_ANONYMOUS", "yes"),
        ("CASEBOOK_MASTER_KEY", "canary"),
        ("CASEBOOK_API_KEYS", "canary"),
        ("CASEBOOK_API_KEYS", f"local:{DIGEST}"),
        ("CASEBOOK_API_KEYS", "alpha:canary"),
        ("OPENAI_WEBHOOK_SECRET", "whsec_canary!"),
        ("OPENAI_WEBHOOK_SECRET", "whsec_" + base64.b64encode(b"short").decode()),
        ("OPENAI_WEBHOOK_SECRET", "whsec_" + base64.b64encode(b"canary" * 11).decode()),
        ("CASEBOOK_CORS_ORIGINS", "*"),
        ("CASEBOOK_CORS_ORIGINS", "null"),
        ("CASEBOOK_CORS_ORIGINS", "https://canary.test/page"),
        ("CASEBOOK_CORS_ORIGINS", "https://a.test,canary.test"),
        ("CASEBOOK_MAX_FILES", "-1"),
    ],
)
def test_a_wrong_setting_is_named_and_its_value_is_not_told(name: str, value: str) -> None:
    with pytest.raises(PermanentError, match=name) as raised:
        _door({name: value})
    assert "canary" not in str(raised.value)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.org"])  # noqa: S104 - refused
def test_a_network_without_authentication_is_refused_unless_told_otherwise(host: str, tmp_path: Path) -> None:
    door = _door({"CASEBOOK_HOST": host})
    with (
        pytest.raises(PermanentError, match="can be reached from other machines"),
        open_server(Settings(outputs=tmp_path, door=door)),
    ):
        pass
    for allowed in (
        {"CASEBOOK_ALLOW_ANONYMOUS": "1"},
        {"CASEBOOK_API_KEYS": f"a:{DIGEST}"},
        {"OPENAI_WEBHOOK_SECRET": SECRET},
    ):
        check_bind(_door({"CASEBOOK_HOST": host, **allowed}))


@pytest.mark.parametrize(
    ("host", "loopback"),
    [("127.0.0.1", True), ("127.9.9.9", True), ("::1", True), ("localhost", True), ("10.0.0.1", False), ("a.b", False)],
)
def test_loopback_is_known_by_its_addresses(host: str, loopback: bool) -> None:  # noqa: FBT001 - a case
    assert is_loopback(host) is loopback


def test_a_new_key_is_known_by_its_digest() -> None:
    key, entry = new_key("alpha")
    assert entry == f"alpha:{hashlib.sha256(key.encode()).hexdigest()}"
    assert _door({"CASEBOOK_API_KEYS": entry}).keys
    assert new_key("alpha")[0] != key
    for name in ("", "webhook", "A", "a:b", "x" * 41):
        with pytest.raises(PermanentError):
            new_key(name)


@pytest.mark.parametrize("settings", [{"CASEBOOK_RATE_LIMIT": "many"}, {"CASEBOOK_RATE_STORAGE": "nowhere://x"}])
def test_a_rate_that_cannot_be_used_is_told_at_the_start(tmp_path: Path, settings: dict[str, str]) -> None:
    door = _door({"CASEBOOK_PORT": "0", **settings})
    with (
        pytest.raises(PermanentError, match="CASEBOOK_RATE_"),
        open_server(Settings(outputs=tmp_path, door=door), workers_elsewhere=True),
    ):
        pass
