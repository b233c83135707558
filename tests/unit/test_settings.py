"""Settings from the environment and from a file."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from casebook.configuration.kinds import Setting, settings_of
from casebook.configuration.reading import SettingsFile
from casebook.configuration.telling import example, tables
from casebook.errors import PermanentError
from casebook.settings import EngineSettings, Settings, settings_file


def test_an_empty_environment_gives_the_defaults() -> None:
    assert Settings.from_environment({}) == Settings()
    assert Settings.from_environment({"CASEBOOK_OUTPUTS": "", "CASEBOOK_CATALOGUE": ""}) == Settings()


def test_every_setting_has_a_variable() -> None:
    environment = {
        "CASEBOOK_OUTPUTS": "/out",
        "CASEBOOK_CATALOGUE": "own.csv",
        "CASEBOOK_CATALOGUE_MODE": "add",
        "CASEBOOK_WORKERS": "3",
        "CASEBOOK_DATABASE": "postgresql://db/casebook",
        "CASEBOOK_RUNS_AT_ONCE": "4",
        "CASEBOOK_RUNS_PER_HOUR": "5",
        "CASEBOOK_MAX_WAITING": "6",
        "CASEBOOK_LEASE_SECONDS": "7",
        "CASEBOOK_KEEP_QUEUE_DAYS": "8",
        "CASEBOOK_FORMATS": "md, PDF,docx",
        "CASEBOOK_FONTS": "/fonts",
    }
    assert Settings.from_environment(environment) == Settings(
        outputs=Path("/out"),
        catalogue=Path("own.csv"),
        catalogue_mode="add",
        workers=3,
        formats=("pdf", "docx"),
        fonts=Path("/fonts"),
        engine=EngineSettings(
            database="postgresql://db/casebook",
            runs_at_once=4,
            runs_per_hour=5,
            max_waiting=6,
            lease_seconds=7,
            keep_queue_days=8,
        ),
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CASEBOOK_WORKERS", "-1"),
        ("CASEBOOK_FORMATS", "pdf,odt"),
        ("CASEBOOK_FORMATS", ","),
        ("CASEBOOK_WORKERS", "two"),
        ("CASEBOOK_CATALOGUE_MODE", "both"),
        ("CASEBOOK_DATABASE", "mysql://db"),
        ("CASEBOOK_RUNS_AT_ONCE", "0"),
        ("CASEBOOK_MAX_WAITING", "²"),
        ("CASEBOOK_LEASE_SECONDS", "0"),
    ],
)
def test_a_wrong_value_is_named_with_what_it_takes(name: str, value: str) -> None:
    with pytest.raises(PermanentError, match=f"{name} is "):
        Settings.from_environment({name: value})


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("CASEBOOK_MODLE", "CASEBOOK_MODLE is not a setting: did you mean CASEBOOK_MODEL?"),
        ("CASEBOOK_OPENAI_API_KEY", "CASEBOOK_OPENAI_API_KEY is not a setting: did you mean OPENAI_API_KEY?"),
        ("CASEBOOK_KYE", "CASEBOOK_KYE is not a setting: did you mean CASEBOOK_KEY?"),
        ("casebook_port", "casebook_port is not a setting: did you mean CASEBOOK_PORT?"),
        ("CASEBOOK_ZZZZZZZZZZZZZZZ", "CASEBOOK_ZZZZZZZZZZZZZZZ is not a setting: see all with casebook settings"),
    ],
)
def test_a_variable_that_is_no_setting_is_told_with_the_nearest_name(name: str, said: str) -> None:
    assert Settings.misnamed({name: "canary", "PATH": "/bin"}) == [said]
    assert Settings.misnamed({name: ""}) == []


def test_no_variable_that_is_read_is_said_to_be_no_setting() -> None:
    names = {setting.variable for setting in settings_of(Settings)} | {"CASEBOOK_CONFIG", "CASEBOOK_KEY"}
    assert Settings.misnamed(dict.fromkeys(names, "x")) == []


def test_all_that_is_wrong_can_be_told_at_once_and_the_rest_is_read() -> None:
    told: list[str] = []
    file = _file("runs_at_onec = 1\n[engine]\nruns_at_once = 0\nmax_waiting = 7\n[door]\nprot = 1")
    read = Settings.from_environment({"CASEBOOK_PORT": "canary", "CASEBOOK_MAX_FILES": "3"}, file, told.append)
    assert [message.partition(":")[0] for message in told] == [
        "/etc/casebook/casebook.toml has an unknown setting runs_at_onec at the top",
        "/etc/casebook/casebook.toml has an unknown setting prot in [door]",
        "runs_at_once in [engine] of /etc/casebook/casebook.toml is a whole number from 1",
        "CASEBOOK_PORT is a whole number from 0 to 65535",
    ]
    assert (read.engine.runs_at_once, read.engine.max_waiting, read.door.port, read.door.max_files) == (2, 7, 8000, 3)
    assert "canary" not in "".join(told)


def test_every_setting_has_a_variable_of_its_own_and_a_meaning() -> None:
    known = list(settings_of(Settings))
    assert len({setting.variable for setting in known}) == len(known)
    assert len({(setting.table, setting.key) for setting in known}) == len(known)
    assert all(setting.meaning and setting.takes for setting in known)


def test_each_key_of_a_file_is_its_variable_in_small_letters() -> None:
    for setting in settings_of(Settings):
        if setting.variable.startswith("CASEBOOK_"):
            assert setting.variable.lower() in {f"casebook_{setting.key}", f"casebook_{setting.table}_{setting.key}"}


def test_a_file_is_read_with_its_tables() -> None:
    read = Settings.from_environment(
        {},
        _file(
            'workers = 3\ncatalogue_mode = "add"\n[engine]\nruns_at_once = 4\n'
            "[door]\nport = 81\nallow_anonymous = true\nsuccess_status = 200\n"
            'cors_origins = ["https://a.test", "https://b.test"]\n'
        ),
    )
    assert (read.workers, read.catalogue_mode, read.engine.runs_at_once) == (3, "add", 4)
    assert (read.door.port, read.door.strangers, read.door.success_status) == (81, True, 200)
    assert read.door.origins == ("https://a.test", "https://b.test")


def test_the_environment_comes_before_the_file() -> None:
    file = _file("[door]\nport = 81\nmax_files = 7\n")
    read = Settings.from_environment({"CASEBOOK_PORT": "82"}, file)
    assert (read.door.port, read.door.max_files) == (82, 7)


def test_a_relative_path_in_a_file_is_taken_from_the_file_s_folder() -> None:
    assert Settings.from_environment({}, _file('outputs = "out"')).outputs == Path("/etc/casebook/out")
    assert Settings.from_environment({}, _file('outputs = "/out"')).outputs == Path("/out")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[door]\nport = 70000", r"port in \[door\] of /etc/casebook/casebook.toml is a whole number from 0 to 65535"),
        ("[door]\nport = true", "port in .door. of .* is a whole number"),
        ("workers = 1.5", "workers of /etc/casebook/casebook.toml is a whole number from 0"),
        ("[door]\nallow_anonymous = 2", "is 0 or 1 .in a file: false or true."),
        ("[door]\napi_keys = [1]", "api_keys in .door. of .* is a list of name:sha256"),
        ("[door]\nprot = 1", r"unknown setting prot in \[door\]: did you mean port"),
        ("port = 1", r"unknown setting port at the top: it belongs in \[door\]"),
        ("[door]\nworkers = 1", "unknown setting workers in .door.: it belongs at the top"),
        ("[dor]\nport = 1", "unknown setting dor at the top: did you mean door"),
        ("zzz = 1", "unknown setting zzz at the top: see all of them with casebook settings"),
        ("door = 1", r"door of .* is a table: write \[door\]"),
    ],
)
def test_what_is_wrong_in_a_file_is_said_with_its_place(content: str, message: str) -> None:
    with pytest.raises(PermanentError, match=message):
        Settings.from_environment({}, _file(content))


@pytest.mark.parametrize("setting", [one for one in settings_of(Settings) if one.secret], ids=lambda one: one.key)
def test_a_secret_is_shown_neither_when_it_is_wrong_nor_when_it_is_right(setting: Setting) -> None:
    for value in ("\0canary", 17, ["canary"]):
        content = {setting.table: {setting.key: value}} if setting.table else {setting.key: value}
        try:
            found = Settings.find({}, SettingsFile(Path("casebook.toml"), content))
        except PermanentError as error:
            assert "canary" not in f"{error!r} {error.__cause__!r}"  # noqa: PT017 - some values are right
        else:
            assert "canary" not in f"{found!r} {[one.shown for one in found]} {Settings.from_environment({})!r}"


def test_where_a_setting_was_found_is_told() -> None:
    found = Settings.find({"CASEBOOK_WORKERS": "2"}, _file("[door]\nport = 81"))
    told = {one.setting.key: (one.shown, one.source) for one in found}
    assert told["workers"] == ("2", "CASEBOOK_WORKERS")
    assert told["port"] == ("81", "/etc/casebook/casebook.toml")
    assert told["host"] == ("127.0.0.1", "default")


def test_the_example_file_is_right_as_it_is_and_with_every_line_taken_in() -> None:
    text = example(Settings)
    assert Settings.from_environment({}, _file(text)) == Settings()
    taken_in = re.sub(r"^# (\w+ = )", r"\1", text, flags=re.MULTILINE)
    read = Settings.from_environment({}, SettingsFile(Path("casebook.toml"), tomllib.loads(taken_in)))
    assert read == Settings()


def test_a_file_that_is_named_must_be_there_and_the_usual_one_need_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert settings_file({}).path is None
    with pytest.raises(PermanentError, match=r"settings in none\.toml cannot be read"):
        settings_file({"CASEBOOK_CONFIG": "none.toml"})
    Path("casebook.toml").write_text("workers = 1")
    Path("other.toml").write_text("workers = 2")
    assert settings_file({}).content == {"workers": 1}
    assert settings_file({"CASEBOOK_CONFIG": "other.toml"}).content == {"workers": 2}
    assert settings_file({"CASEBOOK_CONFIG": "none.toml"}, Path("other.toml")).content == {"workers": 2}


def test_priorities_are_names_with_numbers() -> None:
    read = Settings.from_environment({"CASEBOOK_PRIORITIES": "alpha:-10, webhook:5"})
    assert read.door.priorities == {"alpha": -10, "webhook": 5}
    for wrong in ("alpha", "alpha:x", "a:1:2"):
        with pytest.raises(PermanentError, match="CASEBOOK_PRIORITIES"):
            Settings.from_environment({"CASEBOOK_PRIORITIES": wrong})


@pytest.mark.parametrize("data", [b"workers = ", b"\xff"])
def test_a_file_that_is_not_toml_is_refused(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "casebook.toml").write_bytes(data)
    with pytest.raises(PermanentError, match="is not TOML"):
        settings_file({}, tmp_path / "casebook.toml")


def test_the_tables_in_the_reference_are_those_of_the_program() -> None:
    page = (Path(__file__).parents[2] / "docs/reference/settings.md").read_text("utf-8")
    assert tables(Settings) in page, "bring them up to date with: uv run python docs/reference/settings.py"


def _file(content: str) -> SettingsFile:
    return SettingsFile(Path("/etc/casebook/casebook.toml"), tomllib.loads(content))
