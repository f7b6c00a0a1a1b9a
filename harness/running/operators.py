"""From a project's settings to operators under test: their Deployment says how they run.

The Deployment in the manifests names namespace, ServiceAccount, environment and the arguments of
`kopf run`. In the simulation it is not created, because the operator runs in this process instead.
Where the Deployment itself is the operator under test, only its name and namespace matter.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from harness.apiserver.requests import Object
from harness.errors import UsageError
from harness.scenario.settings import Settings
from harness.subjects.spec import SubjectSpec
from harness.vocabulary import did_you_mean

#: Arguments of `kopf run` that have a place of their own in `SubjectSpec`.
_TEXT_ARGUMENTS = {"--liveness": "liveness", "--peering": "peering"}


def operators(
    settings: Settings, manifests: Sequence[Object], *, in_cluster: bool = False
) -> list[SubjectSpec]:
    """The operators that the settings name; none when they name none.

    Args:
        settings: Of the project.
        manifests: Of the project.
        in_cluster: The Deployment runs them; then it is one subject, however many pods it has.

    Raises:
        UsageError: The Deployment that is named, or needed, is nowhere.
    """
    subject = settings.subject
    if in_cluster:
        return [_in_cluster(settings, manifests)]
    if not subject.module and not subject.command:
        return []
    # Without a Deployment nobody knows its account: it is cluster-admin, as on somebody's desk.
    fields: dict[str, Any] = {"namespace": subject.namespace, "service_account": ""}
    fresh = tuple(subject.fresh_modules)
    if subject.deployment:
        fields = _of_deployment(_find(subject.deployment, manifests))
    names = [f"operator-{number + 1}" for number in range(subject.replicas)]
    if subject.replicas == 1:
        names = ["operator"]
    return [
        SubjectSpec(
            name=name,
            module=subject.module,
            command=subject.command,
            fresh_modules=fresh,
            **fields,
        )
        for name in names
    ]


def _in_cluster(settings: Settings, manifests: Sequence[Object]) -> SubjectSpec:
    subject = settings.subject
    if not subject.deployment:
        raise UsageError(
            "the operator is to run as a Deployment, and the project names none; write its name "
            "as `deployment` (and `namespace`) into [tool.operator-harness.subject]"
        )
    fields: dict[str, Any] = {"namespace": subject.namespace, "service_account": ""}
    for document in manifests:
        if (document["kind"], document["metadata"]["name"]) == ("Deployment", subject.deployment):
            fields = _of_deployment(document)
    return SubjectSpec(name="operator", deployment=subject.deployment, **fields)


def _find(name: str, manifests: Sequence[Object]) -> Object:
    deployments = [document for document in manifests if document["kind"] == "Deployment"]
    for document in deployments:
        if document["metadata"]["name"] == name:
            return document
    remedy = did_you_mean(name, [document["metadata"]["name"] for document in deployments])
    raise UsageError(f"subject.deployment is {name!r}, which is in none of the manifests{remedy}")


def _of_deployment(deployment: Object) -> dict[str, Any]:
    pod = deployment["spec"]["template"]["spec"]
    container = pod["containers"][0]
    environment = {
        item["name"]: str(item["value"]) for item in container.get("env", ()) if "value" in item
    }
    return {
        "namespace": deployment["metadata"].get("namespace", "default"),
        "service_account": pod.get("serviceAccountName", "default"),
        "env": environment,
        **_of_arguments([*container.get("command", ()), *container.get("args", ())]),
    }


def _of_arguments(arguments: Sequence[str]) -> dict[str, Any]:
    """What `kopf run` arguments say that a subject in this process must know."""
    fields: dict[str, Any] = {"standalone": "--standalone" in arguments}
    namespaces = []
    for name, value in _pairs(arguments):
        if name in _TEXT_ARGUMENTS:
            fields[_TEXT_ARGUMENTS[name]] = value
        elif name == "--priority":
            fields["priority"] = int(value)
        elif name in ("--namespace", "-n"):
            namespaces.append(value)
    return {**fields, "namespaces": tuple(namespaces)}


def _pairs(arguments: Sequence[str]) -> list[tuple[str, str]]:
    """`--name=value` and `--name value` alike."""
    found = []
    for index, argument in enumerate(arguments):
        name, equals, value = argument.partition("=")
        if equals:
            found.append((name, value))
        elif index + 1 < len(arguments):
            found.append((name, arguments[index + 1]))
    return found
