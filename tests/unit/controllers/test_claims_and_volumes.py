"""Claims and volumes: binding, provisioning, protection, growth, and what is in them.

A volume takes a second to be made and two to grow; pods start in two seconds, and controllers
react after ten milliseconds.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from harness.apiserver.requests import Object
from harness.apiserver.status import ApiError
from harness.client.resources import CLAIMS, PODS, STORAGE_CLASSES, VOLUMES
from harness.controllers.disks import Disks, Volume
from harness.controllers.programs import PodContext, Program
from harness.controllers.volumes.matching import best_match, misfit
from harness.errors import UsageError

if TYPE_CHECKING:
    from tests.unit.controllers.conftest import Cluster, Simulate


def claim(name: str = "data", size: str = "1Gi", **spec: Any) -> Object:
    """A claim of the default class."""
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": name, "namespace": "shop"},
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": size}},
            **spec,
        },
    }


def volume(name: str, size: str = "1Gi", **spec: Any) -> Object:
    """A volume that somebody made by hand."""
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": name},
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "capacity": {"storage": size},
            "hostPath": {"path": f"/srv/{name}"},
            **spec,
        },
    }


def pod(name: str = "p", *, used: str = "data", **spec: Any) -> Object:
    """A pod with a claim mounted at `/data`."""
    mounts = [{"name": "data", "mountPath": "/data"}]
    source = {"persistentVolumeClaim": {"claimName": used}}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name},
        "spec": {
            "terminationGracePeriodSeconds": 1,
            "containers": [{"name": "main", "image": "shop/db:1", "volumeMounts": mounts}],
            "volumes": [{"name": "data", **source}],
            **spec,
        },
    }


async def make(cluster: Cluster, *documents: Object) -> None:
    """Create objects of the test's namespace."""
    refs = {ref.kind: ref for ref in (CLAIMS, PODS, STORAGE_CLASSES, VOLUMES)}
    for document in documents:
        await cluster.client.create(refs[document["kind"]], document, "shop")


async def phase(cluster: Cluster, name: str = "data") -> str:
    """The phase of a claim."""
    return str((await cluster.get(CLAIMS, name))["status"]["phase"])


def test_a_claim_of_the_default_class_waits_for_its_first_pod(simulate: Simulate) -> None:
    async def story(cluster: Cluster) -> None:
        await make(cluster, claim())
        await cluster.passes(60.0)
        assert await phase(cluster) == "Pending"
        await make(cluster, pod())
        await cluster.passes(1.0)
        assert await phase(cluster) == "Pending"  # the volume is being made
        await cluster.passes(0.1)
        assert await phase(cluster) == "Bound"
        (made,) = await cluster.client.list_objects(VOLUMES)
        node = (await cluster.get(PODS, "p"))["spec"]["nodeName"]
        term = made["spec"]["nodeAffinity"]["required"]["nodeSelectorTerms"][0]
        assert term["matchExpressions"][0]["values"] == [node]

    simulate(story)


def test_a_pod_comes_back_to_the_node_of_its_volume(simulate: Simulate) -> None:
    async def story(cluster: Cluster) -> None:
        await make(cluster, claim(), pod())
        await cluster.passes(5.0)
        node = (await cluster.get(PODS, "p"))["spec"]["nodeName"]
        await cluster.client.delete(PODS, "p", "shop")
        await cluster.passes(5.0)
        for name in ("a", "b", "c"):
            await make(cluster, pod(name))
        await cluster.passes(5.0)
        assert {item["spec"]["nodeName"] for item in await cluster.pods()} == {node}

    simulate(story)


def test_a_pod_whose_claim_waits_for_a_volume_says_so(simulate: Simulate) -> None:
    async def story(cluster: Cluster) -> None:
        await make(cluster, claim(storageClassName=""), pod())
        await cluster.passes(1.0)
        found = (await cluster.get(PODS, "p"))["status"]["conditions"]
        assert found[0]["message"] == (
            "0/3 nodes are available: pod has unbound immediate PersistentVolumeClaims. not found"
        )
        await make(cluster, volume("by-hand"))
        await cluster.passes(15.1)  # claims look for volumes again every 15 s
        assert (await cluster.get(PODS, "p"))["spec"]["nodeName"]

    simulate(story)


def test_a_pod_that_was_put_on_a_node_starts_when_its_claim_is_bound(simulate: Simulate) -> None:
    async def story(cluster: Cluster) -> None:
        await make(cluster, pod(nodeName="node-1"))
        await cluster.passes(60.0)
        assert (await cluster.get(PODS, "p"))["status"]["phase"] == "Pending"
        assert await cluster.events("FailedMount") == [
            "Unable to attach or mount volumes: unmounted volumes=[data], unattached volumes=[], "
            "failed to process volumes=[data]: error processing PVC shop/data: "
            'persistentvolumeclaim "data" not found'
        ]
        await make(cluster, claim(storageClassName="expandable"))
        await cluster.passes(3.2)
        assert (await cluster.get(PODS, "p"))["status"]["phase"] == "Running"

    simulate(story)


def test_a_claim_that_is_used_stays_until_the_pod_is_gone(simulate: Simulate) -> None:
    async def story(cluster: Cluster) -> None:
        await make(cluster, claim(), pod())
        await cluster.passes(5.0)
        await cluster.client.delete(CLAIMS, "data", "shop")
        await cluster.passes(60.0)
        assert (await cluster.get(CLAIMS, "data"))["metadata"]["deletionTimestamp"]
        await cluster.client.delete(PODS, "p", "shop")
        await cluster.passes(2.0)
        assert await cluster.all(CLAIMS) == []
        assert await cluster.client.list_objects(VOLUMES) == []

    simulate(story)


def test_a_volume_that_is_to_be_kept_is_released_and_taken_by_nobody(simulate: Simulate) -> None:
    async def story(cluster: Cluster) -> None:
        await make(cluster, volume("kept"), claim(storageClassName=""))
        await cluster.passes(1.0)
        await cluster.client.delete(CLAIMS, "data", "shop")
        await cluster.passes(1.0)
        await make(cluster, claim(storageClassName=""))
        await cluster.passes(60.0)
        (kept,) = await cluster.client.list_objects(VOLUMES)
        assert kept["status"]["phase"] == "Released"
        assert await phase(cluster) == "Pending"

    simulate(story)


def test_a_claim_grows_where_its_class_allows_it(simulate: Simulate) -> None:
    async def story(cluster: Cluster) -> None:
        await make(cluster, claim(storageClassName="expandable"))
        await cluster.passes(2.0)
        await cluster.change(CLAIMS, "data", _size("2Gi"))
        await cluster.passes(1.0)
        assert (await cluster.condition(CLAIMS, "data", "Resizing"))[0] == "True"
        await cluster.passes(1.1)
        status = (await cluster.get(CLAIMS, "data"))["status"]
        assert status["capacity"] == {"storage": "2Gi"}
        assert [item["type"] for item in status["conditions"]] == ["Unused"]
        (made,) = await cluster.client.list_objects(VOLUMES)
        assert made["spec"]["capacity"] == {"storage": "2Gi"}

    simulate(story)


def test_growth_is_refused_where_the_class_does_not_allow_it(simulate: Simulate) -> None:
    async def story(cluster: Cluster) -> None:
        await make(cluster, claim(), pod())
        await cluster.passes(5.0)
        with pytest.raises(ApiError) as caught:
            await cluster.change(CLAIMS, "data", _size("2Gi"))
        assert (caught.value.code, caught.value.message) == (
            403,
            'persistentvolumeclaims "data" is forbidden: only dynamically provisioned pvc can be '
            "resized and the storageclass that provisions the pvc must support resize",
        )

    simulate(story)


def test_a_bound_claim_never_shrinks_below_what_it_has(simulate: Simulate) -> None:
    async def story(cluster: Cluster) -> None:
        await make(cluster, claim(size="2Gi", storageClassName="expandable"))
        await cluster.passes(2.0)
        with pytest.raises(ApiError, match=r"field can not be less than status\.capacity"):
            await cluster.change(CLAIMS, "data", _size("1Gi"))

    simulate(story)


def _size(size: str) -> Object:
    return {"spec": {"resources": {"requests": {"storage": size}}}}


def test_of_several_default_classes_the_newest_counts(simulate: Simulate) -> None:
    async def story(cluster: Cluster) -> None:
        notes = {"storageclass.kubernetes.io/is-default-class": "true"}
        newer = {
            "apiVersion": "storage.k8s.io/v1",
            "kind": "StorageClass",
            "metadata": {"name": "another", "annotations": notes},
            "provisioner": "example.com/disk",
        }
        await make(cluster, newer, claim(), claim("none", storageClassName=""))
        found = {c["metadata"]["name"]: c["spec"] for c in await cluster.all(CLAIMS)}
        assert found["data"]["storageClassName"] == "another"
        assert found["none"]["storageClassName"] == ""

    simulate(story)


def test_a_claim_from_before_the_default_class_gets_it_later(simulate: Simulate) -> None:
    async def story(cluster: Cluster) -> None:
        (standard,) = [
            item
            for item in await cluster.client.list_objects(STORAGE_CLASSES)
            if item["metadata"]["name"] == "standard"
        ]
        await cluster.client.delete(STORAGE_CLASSES, "standard")
        await make(cluster, claim())
        await cluster.passes(1.0)
        assert "storageClassName" not in (await cluster.get(CLAIMS, "data"))["spec"]
        meta = {key: standard["metadata"][key] for key in ("name", "annotations")}
        await make(cluster, {**standard, "metadata": meta})
        await cluster.passes(15.1)
        assert (await cluster.get(CLAIMS, "data"))["spec"]["storageClassName"] == "standard"

    simulate(story)


# --- what is in a volume --------------------------------------------------------------------


async def count_starts(context: PodContext) -> int:
    """Write to a real file how often it was started; a program that knows only paths."""
    path = context.folder("/data/state/starts.txt")
    path.parent.mkdir(exist_ok=True)
    text = path.read_text() if path.exists() else ""
    path.write_text(text + "x")
    context.log(text + "x")
    await context.terminating.wait()
    return 0


COUNTS = Program("counts", ("shop/*",), count_starts)


async def starts(cluster: Cluster, name: str = "p") -> str:
    """What the program of a pod has found and written."""
    found = await cluster.get(PODS, name)
    uid, node = found["metadata"]["uid"], found["spec"]["nodeName"]
    return cluster.manager.kubelets[node].logs(uid, "main")[-1]


def test_data_outlives_the_pod_and_goes_with_the_claim(simulate: Simulate) -> None:
    async def story(cluster: Cluster) -> None:
        await make(cluster, claim(), pod())
        await cluster.passes(5.0)
        assert await starts(cluster) == "x"
        await cluster.client.delete(PODS, "p", "shop")
        await cluster.passes(3.0)
        await make(cluster, pod())
        await cluster.passes(5.0)
        assert await starts(cluster) == "xx"
        await cluster.client.delete(PODS, "p", "shop")
        await cluster.client.delete(CLAIMS, "data", "shop")
        await cluster.passes(5.0)
        await make(cluster, claim(), pod())
        await cluster.passes(5.0)
        assert await starts(cluster) == "x"

    simulate(story, programs=[COUNTS])


def test_the_same_place_is_the_same_data(simulate: Simulate) -> None:
    async def story(cluster: Cluster) -> None:
        for name in ("first", "second"):
            place: Object = {"hostPath": {"path": "/srv/shared"}, "storageClassName": "by-hand"}
            by_hand = {"storageClassName": "by-hand", "volumeName": name}
            await make(cluster, volume(name, **place), claim(name, **by_hand))
            await cluster.passes(16.0)
            await make(cluster, pod(name, used=name))
            await cluster.passes(5.0)
        assert [await starts(cluster, name) for name in ("first", "second")] == ["x", "xx"]

    simulate(story, programs=[COUNTS])


def test_a_path_on_no_volume_is_an_error_that_names_the_volumes(simulate: Simulate) -> None:
    async def lost(context: PodContext) -> int:
        with pytest.raises(UsageError, match=r"'/etc/x' is on no volume .* mounted are: .*/data"):
            context.folder("/etc/x")
        return 0

    async def story(cluster: Cluster) -> None:
        await make(cluster, claim(), pod(restartPolicy="Never"))
        await cluster.passes(5.0)
        assert (await cluster.get(PODS, "p"))["status"]["phase"] == "Succeeded"

    simulate(story, programs=[Program("lost", ("shop/*",), lost)])


def test_directories_are_gone_when_the_cluster_is() -> None:
    disks = Disks()
    disk = disks.made({"a/b.txt": b"1"})
    folder = disk.folder
    assert (folder / "a" / "b.txt").read_bytes() == b"1"
    (folder / "c.txt").write_bytes(b"2")
    assert dict(disk) == {"a/b.txt": b"1", "c.txt": b"2"}
    disks.close()
    assert not folder.exists()


def test_a_part_of_a_volume_is_a_directory_of_it_or_a_single_file() -> None:
    disks = Disks()
    disk = disks.made({"app.conf": b"x=1"})
    disk.below("db/data")["rows"] = b"1"
    assert disk["db/data/rows"] == b"1"
    assert disk.below("app.conf").folder.read_bytes() == b"x=1"
    disks.close()


@pytest.mark.parametrize("on_disk", [False, True], ids=["in-memory", "in-a-folder"])
def test_a_volume_is_a_mapping_of_files(on_disk: bool, tmp_path: Path) -> None:
    disk = Disks().made() if not on_disk else _in(tmp_path)
    disk["b"], disk["a/c"] = b"1", b"2"
    assert (list(disk), len(disk), disk["a/c"], "x" in disk) == (["a/c", "b"], 2, b"2", False)
    del disk["b"]
    with pytest.raises(KeyError):
        del disk["b"]
    with pytest.raises(KeyError):
        disk["a"]
    assert list(disk) == ["a/c"]
    disk.erase()
    assert dict(disk) == {}


def _in(folder: Path) -> Volume:
    made = Volume(lambda: folder)
    assert made.folder == folder
    return made


# --- which volume suits which claim ---------------------------------------------------------


def available(name: str, size: str, **spec: Any) -> Object:
    """A volume that is free."""
    return {**volume(name, size, **spec), "status": {"phase": "Available"}}


def test_the_smallest_volume_with_room_is_taken() -> None:
    volumes = [available("big", "9Gi"), available("fits", "2Gi"), available("small", "1Mi")]
    chosen = best_match(claim(), volumes, reserved_only=False)
    assert chosen is not None
    assert chosen["metadata"]["name"] == "fits"


def test_a_volume_reserved_for_the_claim_comes_first() -> None:
    asking = claim()
    asking["metadata"]["uid"] = "u"
    ref = {"name": "data", "namespace": "shop"}
    volumes = [available("fits", "1Gi"), available("reserved", "9Gi", claimRef=ref)]
    chosen = best_match(asking, volumes, reserved_only=True)
    assert chosen is not None
    assert chosen["metadata"]["name"] == "reserved"


@pytest.mark.parametrize(
    ("spec", "problem"),
    [
        pytest.param({"capacity": {"storage": "1Mi"}}, "requested PV is too small", id="size"),
        pytest.param({"storageClassName": "x"}, "storageClassName does not match", id="class"),
        pytest.param({"volumeMode": "Block"}, "incompatible volumeMode", id="mode"),
        pytest.param({"accessModes": ["ReadOnlyMany"]}, "incompatible accessMode", id="access"),
        pytest.param({}, "", id="fits"),
    ],
)
def test_why_a_volume_cannot_serve_a_claim(spec: Object, problem: str) -> None:
    assert misfit(volume("v", **spec), claim()) == problem
