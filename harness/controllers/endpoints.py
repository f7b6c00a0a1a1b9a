"""The endpoint slice controller: which pods stand behind each Service, and which of them are ready.

Every pod that the selector matches and that has an address is an endpoint: ready when the pod is
(or `publishNotReadyAddresses` is set) and not being deleted; serving when the pod is, whatever
else. Slices hold at most a hundred endpoints and stay where they are when possible. A Service
without any endpoint keeps one empty slice. The older Endpoints objects are not written.
(Upstream `endpointslice/reconciler.go`.)
"""

from __future__ import annotations

from typing import Any

from harness.apiserver.requests import Object
from harness.apiserver.status import ApiError
from harness.client.resources import ENDPOINT_SLICES, PODS, SERVICES
from harness.client.watching import Key

from .controller import KeyController
from .objects import (
    controller_of,
    is_pod_finished,
    is_pod_ready,
    is_terminating,
    labels_of,
    merged,
    name_of,
    namespace_of,
    owner_reference,
    status_of,
    uid_of,
)
from .selectors import index_labels, selected

SERVICE_NAME = "kubernetes.io/service-name"
MANAGED_BY = "endpointslice.kubernetes.io/managed-by"
MANAGER = "endpointslice-controller.k8s.io"
TRIGGER_TIME = "endpoints.kubernetes.io/last-change-trigger-time"
HEADLESS = "service.kubernetes.io/headless"
ENDPOINTS_PER_SLICE_MAX = 100

Ports = tuple[tuple[str, int, str], ...]


class EndpointSliceController(KeyController):
    """Keeps the EndpointSlices of each Service."""

    name = "endpointslice"
    component = "endpoint-slice-controller"
    primary = SERVICES

    def setup(self) -> None:
        """Follow Services, pods, and the slices themselves."""
        self._services = self.follow_primary()
        self._pods = self.informer(PODS)
        index_labels(self._pods)
        self._pods.on_change(self._pod_changed)
        self._slices = self.informer(ENDPOINT_SLICES)
        self._slices.index("service", service_of)
        self._slices.on_change(self._slice_changed)

    def _pod_changed(self, before: Object | None, after: Object | None) -> None:
        if (
            before is not None
            and after is not None
            and _endpoint_parts(before) == _endpoint_parts(after)
        ):
            return
        for pod in (before, after):
            if pod is None:
                continue
            for service in self._services.list(namespace_of(pod)):
                if selects(service, pod):
                    self.enqueue_object(None, service)

    def _slice_changed(self, before: Object | None, after: Object | None) -> None:
        document = after or before
        assert document is not None, "a change is of something"
        owner = controller_of(document)
        if owner is not None and owner["kind"] == "Service":
            self.enqueue((namespace_of(document), owner["name"]))

    async def sync(self, item: Key) -> None:
        """Bring the slices of one Service in line with its pods."""
        service = self._services.objects.get(item)
        if service is None or not service["spec"].get("selector"):
            return  # slices of a Service that is gone are garbage; without selector none are made
        present = [
            found
            for found in self._slices.by_index("service", f"{item[0]}/{item[1]}")
            if labels_of(found).get(MANAGED_BY) == MANAGER
        ]
        wanted = self._wanted(service)
        if not wanted:
            wanted = {(): []}
        for ports, endpoints in wanted.items():
            same = [found for found in present if _ports_of(found) == ports]
            present = [found for found in present if _ports_of(found) != ports]
            if not same and not endpoints and present:
                same, present = present[:1], present[1:]
            await self._fill(service, ports, endpoints, same)
        for surplus in present:
            await self._delete(surplus)

    def _wanted(self, service: Object) -> dict[Ports, list[Object]]:
        """Endpoints by the ports that they have, named ports resolved for each pod."""
        wanted: dict[Ports, list[Object]] = {}
        selector = {"matchLabels": service["spec"]["selector"]}
        pods = selected(self._pods, namespace_of(service), selector)
        for pod in sorted(pods, key=name_of):
            if status_of(pod).get("podIP") and not is_pod_finished(pod):
                ports = _resolved_ports(service, pod)
                wanted.setdefault(ports, []).append(_endpoint(service, pod))
        return wanted

    async def _fill(
        self, service: Object, ports: Ports, endpoints: list[Object], slices: list[Object]
    ) -> None:
        """Distribute endpoints over slices, those that are in one already staying there."""
        left = {endpoint["targetRef"]["uid"]: endpoint for endpoint in endpoints}
        contents: list[list[Object]] = []
        for found in slices:
            uids = [(e.get("targetRef") or {}).get("uid") for e in found.get("endpoints") or ()]
            contents.append([left.pop(uid) for uid in uids if uid in left])
        waiting = list(left.values())
        for content in contents:
            while waiting and len(content) < ENDPOINTS_PER_SLICE_MAX:
                content.append(waiting.pop(0))
        while waiting or not contents:
            contents.append(waiting[:ENDPOINTS_PER_SLICE_MAX])
            waiting = waiting[ENDPOINTS_PER_SLICE_MAX:]
        for number, content in enumerate(contents):
            known = slices[number] if number < len(slices) else None
            if known is not None and not content and number > 0:
                await self._delete(known)
            else:
                await self._write(service, ports, content, known)

    async def _write(
        self, service: Object, ports: Ports, endpoints: list[Object], known: Object | None
    ) -> None:
        body: dict[str, Any] = {
            "endpoints": endpoints or None,
            "ports": [_port(item) for item in ports] or None,
        }
        labels = _labels(service)
        trigger = self.clock.timestamp()
        if known is None:
            created = {
                "apiVersion": "discovery.k8s.io/v1",
                "kind": "EndpointSlice",
                "metadata": {
                    "generateName": f"{name_of(service)}-",
                    "namespace": namespace_of(service),
                    "labels": labels,
                    "annotations": {TRIGGER_TIME: trigger},
                    "ownerReferences": [owner_reference(service, SERVICES)],
                },
                "addressType": "IPv4",
                **body,
            }
            await self.client.create(ENDPOINT_SLICES, created, namespace_of(service))
            return
        same = all((known.get(key) or None) == value for key, value in body.items())
        if same and labels_of(known) == labels:
            return
        annotations = {**(known["metadata"].get("annotations") or {}), TRIGGER_TIME: trigger}
        meta = {**known["metadata"], "labels": labels, "annotations": annotations}
        await self.client.update(ENDPOINT_SLICES, merged(known, metadata=meta, **body))

    async def _delete(self, found: Object) -> None:
        try:
            await self.client.delete(ENDPOINT_SLICES, name_of(found), namespace_of(found))
        except ApiError as error:
            if error.code != 404:
                raise


def service_of(found: Object) -> tuple[str, ...]:
    """Index function: the Service that a slice belongs to, as `NAMESPACE/NAME`."""
    name = labels_of(found).get(SERVICE_NAME)
    return (f"{namespace_of(found)}/{name}",) if name else ()


def selects(service: Object, pod: Object) -> bool:
    """Whether a Service's selector matches a pod."""
    selector = service["spec"].get("selector")
    return bool(selector) and selector.items() <= labels_of(pod).items()


def _labels(service: Object) -> dict[str, str]:
    labels = {**labels_of(service), SERVICE_NAME: name_of(service), MANAGED_BY: MANAGER}
    if service["spec"].get("clusterIP") == "None":
        labels[HEADLESS] = ""
    return labels


def _resolved_ports(service: Object, pod: Object) -> Ports:
    resolved = []
    for port in service["spec"].get("ports") or ():
        number = port_number(port, pod)
        if number is not None:
            resolved.append((port.get("name", ""), number, port.get("protocol", "TCP")))
    return tuple(resolved)


def port_number(port: Object, pod: Object) -> int | None:
    """The pod's port that a Service port leads to; None when it names one the pod lacks."""
    target = port.get("targetPort", port["port"])
    if isinstance(target, int):
        return target
    for container in pod["spec"]["containers"]:
        for item in container.get("ports") or ():
            if item.get("name") == target:
                number: int = item["containerPort"]
                return number
    return None


def _port(item: tuple[str, int, str]) -> Object:
    name, number, protocol = item
    return {"name": name, "port": number, "protocol": protocol}


def _ports_of(found: Object) -> Ports:
    return tuple(
        (item.get("name", ""), item["port"], item.get("protocol", "TCP"))
        for item in found.get("ports") or ()
    )


def _endpoint(service: Object, pod: Object) -> Object:
    serving, terminating = is_pod_ready(pod), is_terminating(pod)
    ready = (serving and not terminating) or bool(service["spec"].get("publishNotReadyAddresses"))
    endpoint = {
        "addresses": [status_of(pod)["podIP"]],
        "conditions": {"ready": ready, "serving": serving, "terminating": terminating},
        "nodeName": pod["spec"].get("nodeName", ""),
        "targetRef": {
            "kind": "Pod",
            "namespace": namespace_of(pod),
            "name": name_of(pod),
            "uid": uid_of(pod),
        },
    }
    hostname = pod["spec"].get("hostname")
    if hostname and pod["spec"].get("subdomain") == name_of(service):
        endpoint["hostname"] = hostname
    return endpoint


def _endpoint_parts(pod: Object) -> Any:
    """What of a pod its endpoint depends on."""
    return (
        uid_of(pod),
        labels_of(pod),
        status_of(pod).get("podIP"),
        is_pod_ready(pod),
        is_terminating(pod),
        is_pod_finished(pod),
    )
