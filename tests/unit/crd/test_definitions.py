"""A CRD is established at once, serves its versions, and keeps what it stored."""

from typing import Any

import pytest

from harness.apiserver import documents
from harness.apiserver.crd import served_resources
from harness.apiserver.requests import Object
from harness.apiserver.schema.builtin import resources
from tests.support.golden import write

CRDS = next(each for each in resources() if each.kind == "CustomResourceDefinition")


def version(name: str, **fields: Any) -> Object:
    schema = {"openAPIV3Schema": {"type": "object"}}
    return {"name": name, "served": True, "storage": False, "schema": schema, **fields}


def definition(plural: str = "widgets", kind: str = "Widget", **fields: Any) -> Object:
    spec = {
        "group": "example.com",
        "scope": "Namespaced",
        "names": {"plural": plural, "kind": kind},
        "versions": [version("v1", storage=True)],
        **fields,
    }
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.example.com"},
        "spec": spec,
    }


def conditions(crd: Object) -> dict[str, tuple[str, str]]:
    return {row["type"]: (row["status"], row["reason"]) for row in crd["status"]["conditions"]}


def test_names_follow_from_the_kind() -> None:
    names = write(CRDS, definition())["spec"]["names"]
    assert (names["singular"], names["listKind"]) == ("widget", "WidgetList")


def test_a_new_definition_is_established_with_its_names() -> None:
    crd = write(CRDS, definition())
    assert conditions(crd) == {
        "NamesAccepted": ("True", "NoConflicts"),
        "Established": ("True", "InitialNamesAccepted"),
    }
    assert crd["status"]["acceptedNames"] == crd["spec"]["names"]
    assert crd["status"]["storedVersions"] == ["v1"]


@pytest.mark.parametrize(
    ("names", "reason", "accepted"),
    [
        pytest.param(
            {"kind": "Widget", "singular": "gadget"},
            "ListKindConflict",
            {"plural": "gadgets", "singular": "gadget", "kind": ""},
            id="the kind, and with it the kind of its lists",
        ),
        pytest.param(
            {"kind": "Gadget", "shortNames": ["widget", "ga"]},
            "ShortNamesConflict",
            {
                "plural": "gadgets",
                "singular": "gadget",
                "kind": "Gadget",
                "listKind": "GadgetList",
            },
            id="a short name",
        ),
    ],
)
def test_names_that_another_definition_has_are_not_accepted(
    names: dict[str, Any], reason: str, accepted: dict[str, Any]
) -> None:
    first = write(CRDS, definition())
    second = write(CRDS, definition("gadgets", names={"plural": "gadgets", **names}))
    assert CRDS.strategy.allocate(second, [first]) == []
    assert conditions(second) == {
        "NamesAccepted": ("False", reason),
        "Established": ("False", "NotAccepted"),
    }
    assert second["status"]["acceptedNames"] == accepted
    assert served_resources(second) == []


def test_a_new_storage_version_is_added_to_those_that_were_stored() -> None:
    old = write(CRDS, definition())
    new = documents.copy(old)
    new["spec"]["versions"] = [version("v1"), version("v2", storage=True)]
    assert write(CRDS, new, old)["status"]["storedVersions"] == ["v1", "v2"]


def test_only_served_versions_are_served() -> None:
    versions = [version("v1", storage=True), version("v2", served=False), version("v3")]
    served = served_resources(write(CRDS, definition(versions=versions)))
    assert [resource.version for resource in served] == ["v1", "v3"]
    assert {resource.storage_key for resource in served} == {("example.com", "widgets")}


def test_without_columns_of_its_own_a_kind_shows_its_age() -> None:
    (resource,) = served_resources(write(CRDS, definition()))
    assert [(column.name, column.path) for column in resource.columns] == [
        ("Age", ".metadata.creationTimestamp")
    ]


def test_selectable_fields_are_text() -> None:
    properties = {"size": {"type": "integer"}, "on": {"type": "boolean"}, "x": {"type": "string"}}
    schema = {
        "type": "object",
        "properties": {"spec": {"type": "object", "properties": properties}},
    }
    fields = [{"jsonPath": f".spec.{name}"} for name in properties]
    v1 = version("v1", storage=True, schema={"openAPIV3Schema": schema}, selectableFields=fields)
    (resource,) = served_resources(write(CRDS, definition(versions=[v1])))
    found = resource.strategy.selectable_fields({"spec": {"size": 3, "on": True}})
    assert found == {"spec.size": "3", "spec.on": "true", "spec.x": ""}


def test_status_is_kept_apart_only_where_it_is_a_subresource() -> None:
    def kept(**fields: Any) -> Object:
        schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
        v1 = version("v1", storage=True, schema={"openAPIV3Schema": schema}, **fields)
        (resource,) = served_resources(write(CRDS, definition(versions=[v1])))
        body = {"metadata": {"name": "a"}, "status": {"x": 1}}
        return write(resource, body)

    assert kept()["status"] == {"x": 1}
    assert "status" not in kept(subresources={"status": {}})


def test_equal_schemas_are_compiled_once() -> None:
    first, second = (served_resources(write(CRDS, definition()))[0] for _ in range(2))
    assert first.node is second.node
