"""Volumes count only where those who are not root can write to them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness.clusters.kind.cluster import KindHandle
from harness.clusters.kind.volumes import has_volumes
from tests.support.fake_programs import FakePrograms

HANDLE = KindHandle(
    "demo", Path("/kubeconfig"), Path("/bin/kind"), Path("/bin/kubectl"), ("node",), created=False
)
DEFAULT = {"storageclass.kubernetes.io/is-default-class": "true"}


@pytest.mark.parametrize(
    ("provisioner", "annotations", "expected"),
    [
        pytest.param("rancher.io/local-path", DEFAULT, True, id="kind's own"),
        pytest.param("kubernetes.io/host-path", DEFAULT, False, id="root's"),
        pytest.param("rancher.io/local-path", {}, False, id="no default"),
    ],
)
def test_the_default_class_decides(
    programs: FakePrograms, provisioner: str, annotations: dict[str, str], expected: bool
) -> None:
    found = {"metadata": {"name": "standard", "annotations": annotations}}
    classes = {"items": [{**found, "provisioner": provisioner}]}
    programs.answer("get storageclasses", json.dumps(classes))
    assert has_volumes(HANDLE, run=programs) is expected
