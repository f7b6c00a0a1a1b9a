"""Whole runs on kind: through pytest, killed in the middle, and an operator that is upgraded.

One cluster of this module's own is kept between the tests, as somebody at a desk would do it.
"""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.clusters.kind import KindHandle, KindOptions, kind_cluster, missing_for_kind
from harness.clusters.kind.images import build_images, given_base_image, load_images
from harness.clusters.stack import choose_plugin, missing_for_stack, provisioned, stack_program
from harness.clusters.stack.plugin import find_plugin
from harness.scenario.settings import find_settings
from tests.support.command import plain_environment
from tests.support.kind import BASE_IMAGES, NODE_IMAGES, ROOT, local_image

pytestmark = [pytest.mark.real, pytest.mark.timeout(900)]

CLUSTER = "kind-runs"
LOOK_SECONDS = 0.5
STAND_IN = "" if find_plugin() else str(ROOT / "tests" / "infra" / "standin")
SHORT = "scenarios/lifecycle/create-to-ready.yaml"
SERVICE = {
    "apiVersion": "example.com/v1",
    "kind": "AIService",
    "metadata": {"name": "demo", "namespace": "default"},
    "spec": {"size": 1},
}
#: What a version of the CRD that comes later has in its schema.
NEW_FIELD = {"type": "string", "description": "Of the next version."}


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KindHandle]:
    """A kind cluster that every test finds; it goes with the module."""
    if missing := missing_for_kind() or missing_for_stack(STAND_IN):
        pytest.skip(missing)
    options = KindOptions(cluster_name=CLUSTER, image=local_image("", NODE_IMAGES))
    with kind_cluster(options, tmp_path_factory.mktemp("harness")) as handle:
        yield handle


def options_of(kept: KindHandle) -> list[str]:
    """Options that name the cluster, in pytest-kind's words and ours."""
    return [
        "--cluster=kind",
        f"--cluster-name={kept.name}",
        "--keep-cluster",
        f"--kind-bin={kept.kind_bin}",
        f"--kind-kubectl-bin={kept.kubectl_bin}",
        f"--base-image={local_image(given_base_image(), BASE_IMAGES)}",
        *([f"--pulumi-plugin={STAND_IN}"] if STAND_IN else []),
    ]


def kubectl(kept: KindHandle, *words: str, standing: str = "") -> str:
    """What kubectl prints."""
    command = [str(kept.kubectl_bin), f"--kubeconfig={kept.kubeconfig}", *words]
    done = subprocess.run(command, input=standing, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def read(kept: KindHandle, *words: str) -> dict[str, Any]:
    """An object, or a list of them."""
    found: dict[str, Any] = json.loads(kubectl(kept, "get", *words, "-o", "json"))
    return found


def until(holds: Callable[[], bool], what: str, seconds: float = 120.0) -> None:
    """Wait for something of the real cluster."""
    for _ in range(round(seconds / LOOK_SECONDS)):
        if holds():
            return
        threading.Event().wait(LOOK_SECONDS)
    pytest.fail(f"not within {seconds:g} s: {what}")


def test_pytest_runs_scenario_files_on_kind(kept: KindHandle) -> None:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", SHORT]
    done = subprocess.run(
        [*command, *options_of(kept), "--timeout-scale=2", "--timeout=600"],
        cwd=ROOT,
        env=plain_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert " passed" in done.stdout


def test_what_a_killed_run_left_is_gone_after_cleaning(kept: KindHandle, tmp_path: Path) -> None:
    """Killed with a case under way: its namespace, the operator and the stack are still there."""
    shutil.copytree(ROOT / "infra", tmp_path / "infra", ignore=shutil.ignore_patterns("__py*"))
    for name in ("pyproject.toml", "scenarios", "operator", "tests"):
        (tmp_path / name).symlink_to(ROOT / name)
    command = [sys.executable, "-m", "harness", "run", SHORT, *options_of(kept)]
    run = subprocess.Popen(
        command,
        cwd=tmp_path,
        env=plain_environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )

    def case_is_under_way() -> bool:
        assert run.poll() is None
        found = subprocess.run(
            [str(kept.kubectl_bin), f"--kubeconfig={kept.kubeconfig}", "get", "ai", "-A"],
            capture_output=True,
            check=False,
        )
        return b"create-to-ready" in found.stdout

    until(case_is_under_way, "the case has begun")
    run.send_signal(signal.SIGKILL)
    run.wait()
    cleaned = subprocess.run(
        [sys.executable, "-m", "harness", "clean", f"--kubeconfig={kept.kubeconfig}"],
        cwd=tmp_path,
        env=plain_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert cleaned.returncode == 0, cleaned.stdout + cleaned.stderr
    left = {item["metadata"]["name"] for item in read(kept, "namespaces")["items"]}
    assert left <= {
        "default",
        "kube-system",
        "kube-public",
        "kube-node-lease",
        "local-path-storage",
    }
    assert read(kept, "customresourcedefinitions")["items"] == []


def test_an_operator_is_upgraded_under_running_services(kept: KindHandle, tmp_path: Path) -> None:
    """Image and CRD change by a second `pulumi up`; pods of the service are not touched."""
    builds = find_settings(ROOT / SHORT).image_builds(local_image(given_base_image(), BASE_IMAGES))
    build_images(builds)
    operator, *_ = (build.tag for build in builds if "operator" in build.tag)
    upgraded = f"{operator}-upgraded"
    subprocess.run(["docker", "tag", operator, upgraded], check=True)
    load_images(
        [*(build.tag for build in builds), upgraded],
        kind_bin=kept.kind_bin,
        cluster=kept.name,
        nodes=kept.nodes,
    )
    program = tmp_path / "infra"
    shutil.copytree(ROOT / "infra", program, ignore=shutil.ignore_patterns("__py*"))
    with provisioned(
        stack_program(program),
        tmp_path / "stack",
        kubeconfig=kept.kubeconfig.read_text(),
        plugin=choose_plugin(STAND_IN),
    ) as stack:
        kubectl(kept, "apply", "-f", "-", standing=json.dumps(SERVICE))
        until(lambda: is_ready(kept), "the service is Ready")
        before, pods = read(kept, "ai", "demo"), pods_of(kept)

        with (program / "crd.py").open("a") as file:
            file.write(AN_UPGRADE)
        stack.up({"image": upgraded})

        properties = kubectl(kept, "explain", "aiservice.spec")
        assert "note" in properties
        after = read(kept, "ai", "demo")
        assert after["metadata"]["uid"] == before["metadata"]["uid"]
        assert pods_of(kept) == pods
        kubectl(kept, "patch", "ai", "demo", "--type=merge", '-p={"spec":{"size":2}}')
        until(lambda: is_ready(kept, pods=2), "the upgraded operator scales")
        running = read(kept, "pods", "-n", "ai-system")["items"]
        assert [pod["spec"]["containers"][0]["image"] for pod in running] == [upgraded]
        kubectl(kept, "delete", "ai", "demo")
        until(lambda: pods_of(kept) == [], "the service is gone")


#: Appended to the program: the same schema with one more field.
AN_UPGRADE = f"""

_before = custom_resource_definition


def custom_resource_definition():
    document = _before()
    schema = document["versions"][0]["schema"]["openAPIV3Schema"]
    schema["properties"]["spec"]["properties"]["note"] = {NEW_FIELD!r}
    return document
"""


def is_ready(kept: KindHandle, pods: int = 1) -> bool:
    """Whether the service says so, of its present generation, with that many pods."""
    service = read(kept, "ai", "demo")
    status = service.get("status") or {}
    conditions = {each["type"]: each["status"] for each in status.get("conditions", ())}
    current = status.get("observedGeneration") == service["metadata"]["generation"]
    return current and conditions.get("Ready") == "True" and status.get("readyReplicas") == pods


def pods_of(kept: KindHandle) -> list[str]:
    """The service's pods, by uid."""
    return sorted(pod["metadata"]["uid"] for pod in read(kept, "pods")["items"])
