"""What a container finds when it starts: environment variables and volumes.

Only programs look at them, so they are only read for programs. References to ConfigMaps, Secrets
and the pod's own fields are resolved as the kubelet does; a missing one that is not optional is an
error which keeps the container from starting (CreateContainerConfigError).
"""

from __future__ import annotations

import base64
import re
from typing import Any

from harness.apiserver.requests import Object
from harness.client.client import Client
from harness.client.resources import CLAIMS, CONFIGMAPS, SECRETS, VOLUMES

from ..disks import Disks, Volume
from ..objects import name_of, namespace_of, uid_of

Files = dict[str, bytes]

_REFERENCE = re.compile(r"\$\$|\$\(([A-Za-z_.][A-Za-z0-9_.-]*)\)")


async def volumes_of(
    client: Client, disks: Disks, pod: Object, container: Object
) -> dict[str, Volume]:
    """Each mounted volume, by mount path."""
    sources = {item["name"]: item for item in pod["spec"].get("volumes") or ()}
    mounted = {}
    for mount in container.get("volumeMounts") or ():
        source = sources[mount["name"]]
        disk = await _volume(client, disks, pod, source)
        part = mount.get("subPath", "")
        mounted[mount["mountPath"]] = disk.below(part) if part else disk
    return mounted


async def _volume(client: Client, disks: Disks, pod: Object, source: Object) -> Volume:
    namespace = namespace_of(pod)
    if "persistentVolumeClaim" in source:
        return await _persistent(client, disks, namespace, source["persistentVolumeClaim"])
    if "configMap" in source:
        wanted = source["configMap"]
        found = await client.find(CONFIGMAPS, wanted["name"], namespace)
        return disks.made(_selected(_configmap_files(found), wanted.get("items")))
    if "secret" in source:
        wanted = source["secret"]
        found = await client.find(SECRETS, wanted["secretName"], namespace)
        return disks.made(_selected(_secret_files(found), wanted.get("items")))
    return disks.of_pod(pod, source["name"])


async def _persistent(client: Client, disks: Disks, namespace: str, source: Object) -> Volume:
    """The disk of the volume that a claim is bound to; the pod does not start before it is."""
    claim = await client.get(CLAIMS, source["claimName"], namespace)
    return disks.persistent(await client.get(VOLUMES, claim["spec"]["volumeName"]))


def _configmap_files(configmap: Object | None) -> Files:
    data = (configmap or {}).get("data") or {}
    binary = (configmap or {}).get("binaryData") or {}
    return {
        **{key: value.encode() for key, value in data.items()},
        **{key: base64.b64decode(value) for key, value in binary.items()},
    }


def _secret_files(secret: Object | None) -> Files:
    data = (secret or {}).get("data") or {}
    return {key: base64.b64decode(value) for key, value in data.items()}


def _selected(files: Files, items: list[Object] | None) -> Files:
    if not items:
        return files
    return {item["path"]: files[item["key"]] for item in items if item["key"] in files}


async def environment_of(
    client: Client, pod: Object, container: Object, address: str
) -> dict[str, str]:
    """The container's variables, in order, `$(NAME)` expanded."""
    variables: dict[str, str] = {}
    namespace = namespace_of(pod)
    for source in container.get("envFrom") or ():
        prefix = source.get("prefix", "")
        files: Files = {}
        if "configMapRef" in source:
            name = source["configMapRef"]["name"]
            files = _configmap_files(await client.find(CONFIGMAPS, name, namespace))
        elif "secretRef" in source:
            name = source["secretRef"]["name"]
            files = _secret_files(await client.find(SECRETS, name, namespace))
        variables.update({prefix + key: value.decode() for key, value in files.items()})
    for item in container.get("env") or ():
        value = await _value(client, pod, item, address)
        if value is not None:
            variables[item["name"]] = _expanded(value, variables)
    return variables


async def _value(client: Client, pod: Object, item: Object, address: str) -> str | None:
    source = item.get("valueFrom")
    if source is None:
        text: str = item.get("value", "")
        return text
    namespace = namespace_of(pod)
    if "fieldRef" in source:
        return _field(pod, source["fieldRef"]["fieldPath"], address)
    if "configMapKeyRef" in source:
        wanted = source["configMapKeyRef"]
        files = _configmap_files(await client.find(CONFIGMAPS, wanted["name"], namespace))
    elif "secretKeyRef" in source:
        wanted = source["secretKeyRef"]
        files = _secret_files(await client.find(SECRETS, wanted["name"], namespace))
    else:
        return None
    found = files.get(wanted["key"])
    return None if found is None else found.decode()


def _field(pod: Object, path: str, address: str) -> str:
    simple: dict[str, Any] = {
        "metadata.name": name_of(pod),
        "metadata.namespace": namespace_of(pod),
        "metadata.uid": uid_of(pod),
        "spec.nodeName": pod["spec"].get("nodeName", ""),
        "spec.serviceAccountName": pod["spec"].get("serviceAccountName", ""),
        "status.podIP": address,
    }
    if path in simple:
        return str(simple[path])
    keyed = re.fullmatch(r"metadata\.(labels|annotations)\['(.+)'\]", path)
    if keyed is None:
        return ""
    section = pod["metadata"].get(keyed[1]) or {}
    return str(section.get(keyed[2], ""))


def _expanded(text: str, variables: dict[str, str]) -> str:
    def replace(match: re.Match[str]) -> str:
        if match[0] == "$$":
            return "$"
        return variables.get(match[1], match[0])

    return _REFERENCE.sub(replace, text)
