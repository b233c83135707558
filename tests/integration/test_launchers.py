"""Launchers over HTTP: what is asked, and that nothing is ever started twice."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casebook.backends.launchers.remote.api import JsonApi
from casebook.backends.launchers.remote.kubernetes import KubernetesLauncher, PodSettings
from casebook.backends.launchers.remote.paperspace import (
    PaperspaceLauncher,
    PaperspaceSettings,
    check_workflow_spec,
    deploy,
    deployment_config,
    workflow_spec,
)
from casebook.domain.launch import JobName, LaunchState
from casebook.errors import PermanentError, TransientError
from casebook.ports import Launcher
from tests.control_planes import TOKEN, Plane, serve_plane

JOB = JobName("20260102_030405-abc123", 1)
SETTINGS = PaperspaceSettings(image="registry.example/casebook@sha256:" + "0" * 64, project_id="p1", workflow_id="w1")
POD = PodSettings(image="casebook:1", namespace="casebook", environment_from=("secret/casebook", "config/casebook"))


@pytest.fixture
def plane() -> Iterator[Plane]:
    with serve_plane() as served:
        yield served


def api(plane: Plane) -> JsonApi:
    return JsonApi(plane.url, lambda: TOKEN, who="the control plane")


@pytest.fixture(params=["kubernetes", "paperspace"])
def launcher(request: pytest.FixtureRequest, plane: Plane) -> Launcher:
    if request.param == "kubernetes":
        return KubernetesLauncher(api(plane), POD)
    return PaperspaceLauncher(api(plane), SETTINGS, wait=lambda _: None)


def started(plane: Plane) -> int:
    return len(plane.runs) + len(plane.jobs)


def test_a_job_is_started_found_and_cancelled(launcher: Launcher, plane: Plane) -> None:
    assert launcher.find(JOB) is None
    handle = launcher.start(JOB)
    assert launcher.find(JOB) == handle
    assert launcher.find(JobName(JOB.run_id, 2)) is None
    assert launcher.state(handle) is LaunchState.WAITING
    launcher.cancel(handle)
    assert launcher.state(handle) is LaunchState.GONE
    assert len(plane.asked) <= 8


def test_a_start_whose_answer_was_lost_does_not_start_a_second(launcher: Launcher, plane: Plane) -> None:
    plane.faults = ["lost"]
    handle = launcher.start(JOB)
    assert launcher.find(JOB) == handle
    assert started(plane) == 1


def test_a_start_that_was_refused_for_the_moment_may_be_repeated(launcher: Launcher, plane: Plane) -> None:
    plane.faults = [429]
    with pytest.raises(TransientError) as caught:
        launcher.start(JOB)
    assert caught.value.retry_after == 4
    assert started(plane) == 0
    launcher.start(JOB)
    assert started(plane) == 1


@pytest.mark.parametrize("status", [401, 403, 404, 422])
def test_a_start_that_is_refused_is_asked_for_once(launcher: Launcher, plane: Plane, status: int) -> None:
    plane.faults = [status]
    with pytest.raises(PermanentError, match=str(status)):
        launcher.start(JOB)
    assert len(plane.asked) == 1


def test_paperspace_is_not_asked_twice_when_nobody_can_tell(plane: Plane) -> None:
    plane.faults, plane.listed = ["lost"], False
    launcher = PaperspaceLauncher(api(plane), SETTINGS, wait=lambda _: None)
    with pytest.raises(PermanentError, match="nobody can tell whether casebook-20260102-030405-abc123-1 was started"):
        launcher.start(JOB)
    assert [method for method, _, _ in plane.asked] == ["POST", "GET", "GET", "GET"]
    assert len(plane.runs) == 1


def test_a_paperspace_run_is_found_on_a_later_page(plane: Plane) -> None:
    launcher = PaperspaceLauncher(api(plane), SETTINGS, wait=lambda _: None)
    handle = launcher.start(JOB)
    for number in range(5):
        launcher.start(JobName("other", number + 1))
    assert launcher.find(JOB) == handle


@pytest.mark.parametrize(
    ("phase", "state"),
    [
        ("RUNNING", LaunchState.RUNNING),
        ("Succeeded", LaunchState.SUCCEEDED),
        ("Error", LaunchState.FAILED),
        ("Cancelled", LaunchState.GONE),
        ("SomethingNew", LaunchState.RUNNING),
    ],
)
def test_phases_are_read_in_any_case(plane: Plane, phase: str, state: LaunchState) -> None:
    launcher = PaperspaceLauncher(api(plane), SETTINGS, wait=lambda _: None)
    handle = launcher.start(JOB)
    plane.runs[0]["status"]["phase"] = phase
    assert launcher.state(handle) is state


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ({"active": 1}, LaunchState.RUNNING),
        ({"conditions": [{"type": "Complete", "status": "True"}]}, LaunchState.SUCCEEDED),
        ({"conditions": [{"type": "Failed", "status": "True"}]}, LaunchState.FAILED),
        ({"conditions": [{"type": "FailureTarget", "status": "True"}], "active": 1}, LaunchState.RUNNING),
    ],
)
def test_conditions_of_a_job_are_read(plane: Plane, status: dict[str, Any], state: LaunchState) -> None:
    launcher = KubernetesLauncher(api(plane), POD)
    handle = launcher.start(JOB)
    plane.jobs[handle]["status"] = status
    assert launcher.state(handle) is state


def test_a_run_is_created_field_by_field_as_the_interface_says(plane: Plane) -> None:
    PaperspaceLauncher(api(plane), SETTINGS, wait=lambda _: None).start(JOB)
    assert plane.asked == [
        (
            "POST",
            "/workflows/w1/runs",
            {
                "spec": {
                    "defaults": {
                        "resources": {"instance-type": "C5"},
                        "env": {
                            "CASEBOOK_DATABASE": "secret:CASEBOOK_DATABASE",
                            "CASEBOOK_OUTPUTS": "secret:CASEBOOK_OUTPUTS",
                        },
                    },
                    "jobs": {
                        "job": {
                            "uses": "container@v1",
                            "with": {
                                "image": SETTINGS.image,
                                "command": "casebook",
                                "args": ["job", "--run", JOB.run_id],
                            },
                            "timeout": 14400,
                        }
                    },
                },
                "meta": {"casebook_job": "casebook-20260102-030405-abc123-1"},
            },
        )
    ]


def test_a_deployment_is_created_as_the_deploy_action_does(plane: Plane) -> None:
    assert deploy(api(plane), SETTINGS) == "d1"
    ((method, path, body),) = plane.asked
    assert (method, path, body["projectId"]) == ("POST", "/deployments", "p1")
    assert body["config"] == deployment_config(SETTINGS)
    assert body["config"]["apiVersion"] == "v1"


@given(st.text(max_size=80), st.text(max_size=80))
def test_nothing_that_a_user_writes_can_stand_in_a_spec(run_id: str, image: str) -> None:
    try:
        settings = PaperspaceSettings(image=image, project_id="p1", workflow_id="w1", secrets=("KEY",))
        spec = workflow_spec(JobName(run_id, 1), settings)
    except PermanentError:
        return
    words = json.dumps(spec)
    assert "${" not in words
    assert words.count("secret:") == words.count("secret:KEY") == 1


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"name": "x"}, "spec has no name"),
        ({"jobs": {}}, "it has no jobs"),
        ({"jobs": {"a": {"uses": "container@v1", "needs": ["b"]}}}, "a needs b, which is none"),
        ({"jobs": {"a": {"run": "x"}}}, "a has no run"),
        ({"jobs": {"a": {"with": {"args": ["secret:KEY"]}}}}, "a refers to a secret outside env"),
        ({"jobs": {"a": {"with": {"args": ["${X}"]}}}}, "a holds a substitution"),
        ({"jobs": {"a": {"env": {"B": "secret:OTHER"}}}}, "env B refers to another secret"),
    ],
)
def test_a_spec_that_would_be_refused_or_would_leak_is_not_sent(change: dict[str, Any], says: str) -> None:
    with pytest.raises(PermanentError, match=says):
        check_workflow_spec({**workflow_spec(JOB, SETTINGS), **change}, secrets=SETTINGS.secrets)


@pytest.mark.parametrize("url", ["http://example.com", "https://user@example.com", "ftp://example.com", "example.com"])
def test_a_key_goes_over_https_only(url: str) -> None:
    with pytest.raises(PermanentError, match="https://HOST"):
        JsonApi(url, lambda: TOKEN, who="it")
