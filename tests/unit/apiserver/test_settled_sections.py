"""Sections that a controller sends back as it has read them are taken as they are; no others."""

from __future__ import annotations

import copy
import dataclasses
from typing import Any

import pytest

from harness.apiserver.decoding import settled_sections
from harness.apiserver.requests import Object
from harness.apiserver.schema import builtin
from harness.client.client import Client
from harness.client.resources import DEPLOYMENTS
from tests.support.apiserver import Api, on_server

DEPLOYMENT = next(each for each in builtin.resources() if each.kind == "Deployment")
TEMPLATE = {
    "metadata": {"labels": {"app": "a"}},
    "spec": {"containers": [{"name": "c", "image": "i"}]},
}
SPEC = {"replicas": 2, "selector": {"matchLabels": {"app": "a"}}, "template": TEMPLATE}


@pytest.mark.parametrize(
    ("given", "names"),
    [
        pytest.param(lambda stored: stored, {"metadata", "spec"}, id="the-very-same"),
        pytest.param(copy.deepcopy, set(), id="only-equal"),
        pytest.param(lambda stored: {**stored, "spec": {}}, {"metadata"}, id="one-is-new"),
        pytest.param(lambda stored: None, set(), id="no-document"),
    ],
)
def test_settled_is_what_the_store_itself_holds(given: Any, names: set[str]) -> None:
    stored: Object = {"kind": "Deployment", "metadata": {"name": "a"}, "spec": {"replicas": 1}}
    assert settled_sections(DEPLOYMENT, given(stored), stored) == names


def test_nothing_of_a_custom_resource_is_settled() -> None:
    stored: Object = {"metadata": {"name": "a"}, "spec": {"size": 1}}
    custom = dataclasses.replace(DEPLOYMENT, custom=True)
    assert settled_sections(custom, stored, stored) == set()


def test_a_status_that_a_controller_writes_is_checked_and_its_spec_is_kept() -> None:
    async def main(api: Api) -> None:
        client = Client(api.server.handle, "controller:test")
        meta = {"name": "a", "namespace": "default"}
        made = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": meta, "spec": SPEC}
        first = await client.create(DEPLOYMENTS, made, "default")
        before = copy.deepcopy(first)
        status = {"replicas": 2, "readyReplicas": 0, "nothing": "of the kind", "conditions": []}
        written = await client.update(
            DEPLOYMENTS, {**first, "status": status}, subresource="status"
        )
        assert written["spec"] == before["spec"]
        assert written["status"] == {"replicas": 2}
        assert first == before  # what the store handed out is never edited

    on_server(main)
