"""The storage of the simulation: two storage systems, as StorageClasses and a provisioner.

    standard     the default, as in kind: a directory of the node where the first pod runs, which
                 it is bound to; it cannot grow
    expandable   a disk of the network: made at once, reached from every node, it can grow

A claim that names the provisioner gets a volume `pvc-UID` of the size it asks for, after a moment;
a volume that is released goes with its data when its policy is Delete.
"""

from __future__ import annotations

from typing import Any

from harness.apiserver.requests import Object
from harness.apiserver.status import ApiError
from harness.client.client import Client
from harness.client.resources import CLAIMS, STORAGE_CLASSES, VOLUMES
from harness.client.watching import Key

from ..controller import ControllerContext, KeyController
from ..disks import Disks
from ..objects import annotations_of, is_terminating, name_of, namespace_of, status_of, uid_of
from .binder import claim_reference
from .matching import (
    PROVISIONED_BY,
    SELECTED_NODE,
    STORAGE_PROVISIONER,
    class_of,
    is_bound,
    is_delayed,
    mode_of,
    requested,
)

LOCAL, NETWORK = "rancher.io/local-path", "disk.harness.dev"
DEFAULT_CLASS = "storageclass.kubernetes.io/is-default-class"
FOLDER = "/var/local-path-provisioner"
PROVISION_SECONDS = 1.0
HOSTNAME_LABEL = "kubernetes.io/hostname"

CLASSES: tuple[Object, ...] = (
    {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {"name": "standard", "annotations": {DEFAULT_CLASS: "true"}},
        "provisioner": LOCAL,
        "reclaimPolicy": "Delete",
        "volumeBindingMode": "WaitForFirstConsumer",
    },
    {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {"name": "expandable"},
        "provisioner": NETWORK,
        "reclaimPolicy": "Delete",
        "volumeBindingMode": "Immediate",
        "allowVolumeExpansion": True,
    },
)


async def install_classes(client: Client) -> None:
    """Create the classes of the simulation, where they are not there yet."""
    for document in CLASSES:
        try:
            await client.create(STORAGE_CLASSES, document)
        except ApiError as error:
            if error.reason != "AlreadyExists":
                raise


class Provisioner(KeyController):
    """Makes the volumes of both classes, and takes them back.

    Args:
        context: The API, time and chance.
        disks: Where the data is.
    """

    name = "provisioner"
    component = "local-path-provisioner"
    primary = CLAIMS

    def __init__(self, context: ControllerContext, disks: Disks) -> None:
        self._disks = disks
        super().__init__(context)

    def setup(self) -> None:
        """Follow claims and volumes."""
        self._claims = self.follow_primary()
        self._classes = self.informer(STORAGE_CLASSES)
        self._volumes = self.informer(VOLUMES)
        self._volumes.on_change(self._volume_changed)
        self._due: dict[str, float] = {}  # when a volume is made, by the uid of its claim

    def _volume_changed(self, before: Object | None, after: Object | None) -> None:
        if after is not None and status_of(after).get("phase") == "Released":
            self.enqueue(("", name_of(after)))
        if after is None and before is not None:
            self._due.pop((before["spec"].get("claimRef") or {}).get("uid", ""), None)

    async def sync(self, item: Key) -> None:
        """Make the volume of a claim, or take a released one back (which has no namespace)."""
        namespace, name = item
        if not namespace:
            await self._reclaim(self._volumes.get(name))
            return
        claim = self._claims.objects.get(item)
        if claim is None or not self._is_ours(claim):
            return
        now = self.clock.monotonic()
        if uid_of(claim) not in self._due:
            text = f'External provisioner is provisioning volume for claim "{namespace}/{name}"'
            self.events.emit(claim, "Normal", "Provisioning", text)
            self._due[uid_of(claim)] = now + PROVISION_SECONDS
        wait = self._due[uid_of(claim)] - now
        if wait > 0:
            self.queue.add_after(item, wait)
            return
        await self._make(claim)

    def _is_ours(self, claim: Object) -> bool:
        notes, storage_class = annotations_of(claim), self._classes.get(class_of(claim))
        if storage_class is None or is_bound(claim) or is_terminating(claim):
            return False
        if self._volumes.get(volume_name(claim)) is not None:
            return False
        chosen = SELECTED_NODE in notes or not is_delayed(storage_class)
        return notes.get(STORAGE_PROVISIONER) in (LOCAL, NETWORK) and chosen

    async def _make(self, claim: Object) -> None:
        storage_class = self._classes.get(class_of(claim))
        assert storage_class is not None, "it was looked up a moment ago"
        self._due.pop(uid_of(claim))
        name = volume_name(claim)
        try:
            await self.client.create(VOLUMES, make_volume(claim, storage_class))
        except ApiError as error:
            if error.reason != "AlreadyExists":
                raise
        text = f"Successfully provisioned volume {name}"
        self.events.emit(claim, "Normal", "ProvisioningSucceeded", text)

    async def _reclaim(self, volume: Object | None) -> None:
        """Delete a released volume and its data, if that is its policy."""
        if volume is None or status_of(volume).get("phase") != "Released":
            return
        ours = annotations_of(volume).get(PROVISIONED_BY) in (LOCAL, NETWORK)
        if not ours or volume["spec"].get("persistentVolumeReclaimPolicy") != "Delete":
            return
        self._disks.erase(volume)
        try:
            await self.client.delete(VOLUMES, name_of(volume), uid=uid_of(volume))
        except ApiError as error:
            if error.code not in (404, 409):
                raise


def volume_name(claim: Object) -> str:
    """The name of the volume that is made for a claim."""
    return f"pvc-{uid_of(claim)}"


def make_volume(claim: Object, storage_class: Object) -> Object:
    """The volume of a claim, to be created."""
    name, provisioner = volume_name(claim), storage_class["provisioner"]
    notes = {PROVISIONED_BY: provisioner}
    source: dict[str, Any]
    if provisioner == LOCAL:
        node = annotations_of(claim).get(SELECTED_NODE, "")
        folder = f"{FOLDER}/{name}_{namespace_of(claim)}_{name_of(claim)}"
        notes["local.path.provisioner/selected-node"] = node
        rule = {"key": HOSTNAME_LABEL, "operator": "In", "values": [node]}
        source = {
            "hostPath": {"path": folder, "type": "DirectoryOrCreate"},
            "nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [rule]}]}},
        }
    else:
        source = {"csi": {"driver": provisioner, "volumeHandle": name}}
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": name, "annotations": notes},
        "spec": {
            "capacity": {"storage": requested(claim)},
            "accessModes": claim["spec"]["accessModes"],
            "claimRef": claim_reference(claim),
            "persistentVolumeReclaimPolicy": storage_class.get("reclaimPolicy", "Delete"),
            "storageClassName": name_of(storage_class),
            "volumeMode": mode_of(claim),
            **source,
        },
    }
