"""The data file gives the kinds that operators meet, with what they need to be merged."""

import pytest

from harness.apiserver.schema.builtin import node, resources

BY_NAME = {resource.qualified: resource for resource in resources()}


@pytest.mark.parametrize(
    ("name", "namespaced", "has_status", "has_generation"),
    [
        ("pods", True, True, True),
        ("deployments.apps", True, True, True),
        ("configmaps", True, False, False),
        ("namespaces", False, True, False),
        ("nodes", False, True, False),
        ("leases.coordination.k8s.io", True, False, False),
        ("poddisruptionbudgets.policy", True, True, True),
        ("customresourcedefinitions.apiextensions.k8s.io", False, True, True),
    ],
    ids=lambda value: str(value),
)
def test_a_resource_knows_its_scope_and_what_is_counted(
    name: str, namespaced: bool, has_status: bool, has_generation: bool
) -> None:
    resource = BY_NAME[name]
    strategy = resource.strategy
    found = (resource.namespaced, strategy.has_status, strategy.has_generation)
    assert found == (namespaced, has_status, has_generation)


def test_lists_name_the_keys_by_which_they_are_merged() -> None:
    spec = node("v1", "Pod").properties["spec"]
    containers = spec.properties["containers"]
    assert containers.list_map_keys == ["name"]
    assert containers.patch_merge_key == "name"
    assert containers.items is not None
    assert containers.items.properties["ports"].list_map_keys == ["containerPort", "protocol"]


def test_a_type_that_contains_itself_can_be_read() -> None:
    schema = node("apiextensions.k8s.io/v1", "CustomResourceDefinition").properties["spec"]
    versions = schema.properties["versions"].items
    assert versions is not None
    here = versions.properties["schema"].properties["openAPIV3Schema"]
    for _ in range(10):
        below = here.properties["properties"].additional
        assert below is not None
        here = below
    assert here.properties["type"].type == "string"


def test_resources_are_made_once_in_a_process() -> None:
    assert resources() is resources()
