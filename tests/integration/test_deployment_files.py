"""The files under deploy/: held to the schemas of what reads them. No container engine is started here."""

from __future__ import annotations

import json
import re
import tomllib
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import kubernetes_validate
import pytest
import yaml

from casebook.backends.launchers.remote.kubernetes import PodSettings, job_manifest
from casebook.domain.launch import JobName

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
KUBERNETES = "1.34"


def vendored(name: str) -> Any:  # noqa: ANN401 - a JSON Schema
    return json.loads((files("check_jsonschema") / "builtin_schemas" / "vendor" / name).read_text(encoding="utf-8"))


def manifests() -> list[Any]:
    return [
        pytest.param(manifest, id=f"{path.stem}-{manifest['kind']}-{manifest['metadata']['name']}")
        for path in sorted((DEPLOY / "kubernetes").glob("*.yaml"))
        if path.name != "kustomization.yaml"
        for manifest in yaml.safe_load_all(path.read_text(encoding="utf-8"))
    ]


@pytest.mark.parametrize("manifest", manifests())
def test_every_manifest_is_one_that_kubernetes_takes(manifest: dict[str, Any]) -> None:
    kubernetes_validate.validate(manifest, KUBERNETES, strict=True)


def test_the_job_of_a_run_is_one_that_kubernetes_takes() -> None:
    pod = PodSettings(image="casebook:1", namespace="casebook", environment_from=("secret/casebook", "config/casebook"))
    kubernetes_validate.validate(job_manifest(JobName("20260102_030405-abc123", 1), pod), KUBERNETES, strict=True)


def test_the_kustomization_names_every_manifest() -> None:
    folder = DEPLOY / "kubernetes"
    named = yaml.safe_load((folder / "kustomization.yaml").read_text(encoding="utf-8"))["resources"]
    assert sorted(named) == sorted(path.name for path in folder.glob("*.yaml") if path.name != "kustomization.yaml")


def pods() -> list[Any]:
    return [
        param.values[0]["spec"]["template"]["spec"] for param in manifests() if param.values[0]["kind"] == "Deployment"
    ]


def test_no_pod_may_do_more_than_it_must() -> None:
    assert len(pods()) == 2
    for pod in pods():
        assert pod["securityContext"]["runAsNonRoot"]
        (container,) = pod["containers"]
        assert container["securityContext"]["readOnlyRootFilesystem"]
        assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
        assert "memory" in container["resources"]["limits"]


def test_no_pod_is_told_of_services_by_variables_that_read_as_settings() -> None:
    pod = PodSettings(image="casebook:1", namespace="casebook", environment_from=())
    job = job_manifest(JobName("20260102_030405-abc123", 1), pod)["spec"]["template"]["spec"]
    assert [spec.get("enableServiceLinks") for spec in (*pods(), job)] == [False, False, False]


def test_the_compose_file_is_one_that_compose_takes() -> None:
    compose = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
    jsonschema.validate(compose, vendored("compose-spec.json"))
    named = {
        volume.partition(":")[0] for service in compose["services"].values() for volume in service.get("volumes", [])
    }
    assert named == set(compose["volumes"])
    for service in compose["services"].values():
        assert set(service.get("depends_on", {})) <= set(compose["services"])


def test_no_password_stands_in_a_file() -> None:
    example = dict(
        line.split("=", 1)
        for line in (DEPLOY / "example.env").read_text(encoding="utf-8").splitlines()
        if line and not line.startswith("#")
    )
    assert set(example.values()) == {""}
    needed = set(re.findall(r"\$\{(\w+):\?", (DEPLOY / "compose.yaml").read_text(encoding="utf-8")))
    assert needed <= set(example)


def instructions() -> list[tuple[str, str]]:
    text = re.sub(r"\\\n\s*", " ", (DEPLOY / "Dockerfile").read_text(encoding="utf-8"))
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return [(line.split(" ", 1)[0], line.split(" ", 1)[1]) for line in lines]


def test_the_image_is_small_and_runs_as_nobody() -> None:
    lines = instructions()
    assert {name for name, _ in lines} <= {
        *("ARG", "FROM", "COPY", "RUN", "ENV", "USER", "WORKDIR", "EXPOSE", "HEALTHCHECK", "ENTRYPOINT", "CMD")
    }
    assert all(":" in rest and ":latest" not in rest for name, rest in lines if name == "FROM")
    last_stage = lines[max(number for number, (name, _) in enumerate(lines) if name == "FROM") :]
    assert ("USER", "10001:10001") in last_stage
    assert "HEALTHCHECK" in dict(last_stage)
    assert json.loads(dict(last_stage)["ENTRYPOINT"]) == ["casebook"]
    assert "apt-get" not in "".join(rest for _, rest in lines)


def test_the_image_is_made_of_what_is_there() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    asked = re.findall(r"--extra (\w+)", dict(instructions())["ARG"])
    assert asked
    assert set(asked) <= set(extras)
    copied = [
        source
        for name, rest in instructions()
        if name == "COPY" and not rest.startswith("--from")
        for source in rest.split()[:-1]
    ]
    allowed = (DEPLOY / "Dockerfile.dockerignore").read_text(encoding="utf-8").split()
    assert allowed[0] == "*"
    for source in copied:
        assert (ROOT / source).exists()
        assert f"!{source}" in allowed


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_workflows_are_ones_that_github_takes_and_trust_nothing_that_can_move(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    workflow = yaml.safe_load(text)
    workflow["on"] = workflow.pop(True)  # YAML 1.1 reads the key `on` as a truth value
    jsonschema.validate(workflow, vendored("github-workflows.json"))
    assert workflow["permissions"] == {}
    for used in re.findall(r"uses: (\S+)", text):
        assert re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", used), used
    for job in workflow["jobs"].values():
        assert job["timeout-minutes"]
        for step in job["steps"]:
            assert "${{" not in step.get("run", ""), "what others name goes through the environment"
