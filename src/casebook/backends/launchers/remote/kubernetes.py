"""A Kubernetes Job for each run, through the API server's own HTTP interface (batch/v1)."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Any, Final

import msgspec

from casebook.backends.launchers.remote.api import JsonApi
from casebook.domain.launch import JobName, LaunchState
from casebook.errors import PermanentError, Unanswered

_ACCOUNT: Final = Path("/var/run/secrets/kubernetes.io/serviceaccount")
_CONFLICT: Final = 409
_MISSING: Final = 404


class PodSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What a job's pod is made of; nothing here comes from a submission."""

    image: str  # by digest, best
    namespace: str
    environment_from: tuple[str, ...]  # names of Secrets and ConfigMaps: secret/NAME or config/NAME
    cpu: str = "2"
    memory: str = "4Gi"
    seconds: int = 4 * 3600  # after which a job is ended
    service_account: str = "casebook-job"


class KubernetesLauncher:
    """A `Launcher` whose handle is the Job's name, made of the run and its try: creating it twice creates it once."""

    name = "kubernetes"

    def __init__(self, api: JsonApi, pod: PodSettings) -> None:
        """Create jobs like `pod` through `api`."""
        self._api = api
        self._pod = pod
        self._jobs = f"/apis/batch/v1/namespaces/{pod.namespace}/jobs"

    def find(self, job: JobName) -> str | None:
        """Find the job of a run, None when there is none."""
        answer = self._api.call("GET", f"{self._jobs}/{job.text}", allowed=frozenset({_MISSING}))
        return None if answer.status == _MISSING else job.text

    def start(self, job: JobName) -> str:
        """Create the job and return its name; one that is there already is that job."""
        try:
            self._create(job)
        except Unanswered:
            self._create(job)  # the name makes it safe: created before, it is a conflict and no second job
        return job.text

    def _create(self, job: JobName) -> None:
        self._api.call("POST", self._jobs, body=job_manifest(job, self._pod), allowed=frozenset({_CONFLICT}))

    def state(self, handle: str) -> LaunchState:
        """Tell how far a job is."""
        answer = self._api.call("GET", f"{self._jobs}/{handle}", allowed=frozenset({_MISSING}))
        if answer.status == _MISSING:
            return LaunchState.GONE
        status = answer.body.get("status", {})
        conditions = {entry["type"]: entry["status"] for entry in status.get("conditions", [])}
        if conditions.get("Complete") == "True":
            return LaunchState.SUCCEEDED
        if conditions.get("Failed") == "True":
            return LaunchState.FAILED
        return LaunchState.RUNNING if status.get("active") else LaunchState.WAITING

    def cancel(self, handle: str) -> None:
        """Delete the job with its pod; nothing happens when it is gone."""
        self._api.call(
            "DELETE",
            f"{self._jobs}/{handle}",
            query={"propagationPolicy": "Background"},
            allowed=frozenset({_MISSING}),
        )


def job_manifest(job: JobName, pod: PodSettings) -> dict[str, Any]:
    """Return the batch/v1 Job for one try of a run."""
    labels = {"app.kubernetes.io/name": "casebook", "app.kubernetes.io/component": "job"}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": job.text, "namespace": pod.namespace, "labels": labels},
        "spec": {
            "backoffLimit": 2,  # a pod that is evicted is tried again: the run goes on where it stopped
            "activeDeadlineSeconds": pod.seconds,
            "ttlSecondsAfterFinished": 7 * 24 * 3600,
            "podFailurePolicy": {"rules": [{"action": "FailJob", "onExitCodes": {"operator": "In", "values": [1, 2]}}]},
            "template": {
                "metadata": {"labels": labels},
                "spec": {
                    "restartPolicy": "Never",
                    "serviceAccountName": pod.service_account,
                    "automountServiceAccountToken": False,
                    "enableServiceLinks": False,  # a service called casebook would set CASEBOOK_PORT to its address
                    "securityContext": {
                        "runAsNonRoot": True,
                        "runAsUser": 10001,
                        "fsGroup": 10001,
                        "seccompProfile": {"type": "RuntimeDefault"},
                    },
                    "containers": [_container(job, pod)],
                    "volumes": [{"name": "tmp", "emptyDir": {}}],
                },
            },
        },
    }


def _container(job: JobName, pod: PodSettings) -> dict[str, Any]:
    return {
        "name": "casebook",
        "image": pod.image,
        "args": ["job", "--run", job.run_id],
        "envFrom": [_source(name) for name in pod.environment_from],
        "resources": {
            "requests": {"cpu": pod.cpu, "memory": pod.memory},
            "limits": {"memory": pod.memory},
        },
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}],  # noqa: S108 - the pod's own, empty at its start
    }


def _source(name: str) -> dict[str, Any]:
    kind, _, reference = name.partition("/")
    if kind not in {"secret", "config"} or not reference:
        message = "CASEBOOK_KUBERNETES_ENVIRONMENT names are secret/NAME or config/NAME"
        raise PermanentError(message)
    return {"secretRef" if kind == "secret" else "configMapRef": {"name": reference}}


def open_cluster(url: str = "https://kubernetes.default.svc") -> JsonApi:
    """Speak to the cluster that this pod runs in, as its service account. Raises PermanentError outside of one."""
    token = _ACCOUNT / "token"
    if not token.exists():
        message = "this process does not run in a Kubernetes pod with a service account: the launcher needs one"
        raise PermanentError(message)
    context = ssl.create_default_context(cafile=str(_ACCOUNT / "ca.crt"))
    return JsonApi(url, lambda: token.read_text().strip(), who="Kubernetes", context=context)
