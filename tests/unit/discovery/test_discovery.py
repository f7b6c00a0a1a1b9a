"""Clients find groups, resources and schemas in the forms that they ask for."""

from typing import Any

import orjson
import pytest

from harness.apiserver.crd import served_resources
from harness.apiserver.discovery import answer
from harness.apiserver.registry import Registry
from harness.apiserver.requests import Request, Response
from harness.apiserver.schema.builtin import resources
from harness.apiserver.status import ApiError

AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
WIDGETS: dict[str, Any] = {
    "metadata": {"name": "widgets.example.com"},
    "spec": {
        "group": "example.com",
        "scope": "Namespaced",
        "names": {
            "plural": "widgets",
            "singular": "widget",
            "kind": "Widget",
            "shortNames": ["wi"],
            "categories": ["all"],
        },
        "versions": [
            {
                "name": "v1",
                "served": True,
                "storage": True,
                "schema": {
                    "openAPIV3Schema": {
                        "type": "object",
                        "properties": {
                            "spec": {
                                "type": "object",
                                "properties": {"port": {"x-kubernetes-int-or-string": True}},
                            }
                        },
                    }
                },
                "subresources": {
                    "status": {},
                    "scale": {
                        "specReplicasPath": ".spec.size",
                        "statusReplicasPath": ".status.size",
                    },
                },
            },
            {
                "name": "v1beta1",
                "served": True,
                "storage": False,
                "schema": {"openAPIV3Schema": {"type": "object"}},
            },
        ],
    },
}


@pytest.fixture
def registry() -> Registry:
    return Registry([*resources(), *served_resources(WIDGETS)])


def get(registry: Registry, path: str, accept: str = "", **headers: str) -> Response:
    path, _, query = path.partition("?")
    name, _, value = query.partition("=")
    return answer(
        registry,
        Request(
            "GET",
            path,
            query={name: [value]} if query else {},
            headers={"accept": accept, **headers},
        ),
    )


def read(registry: Registry, path: str, accept: str = "") -> Any:
    response = get(registry, path, accept)
    assert response.status == 200
    return orjson.loads(response.body or b"")


def test_groups_are_listed_with_their_preferred_version(registry: Registry) -> None:
    groups = {group["name"]: group for group in read(registry, "/apis")["groups"]}
    assert list(groups)[:2] == ["apps", "events.k8s.io"]
    assert [v["version"] for v in groups["example.com"]["versions"]] == ["v1", "v1beta1"]
    assert groups["example.com"]["preferredVersion"]["groupVersion"] == "example.com/v1"


@pytest.mark.parametrize("path", ["/api", "/api/", "/version", "/version/", "/apis/apps/"])
def test_a_slash_at_the_end_changes_nothing(registry: Registry, path: str) -> None:
    assert read(registry, path) == read(registry, path.rstrip("/"))


def test_a_resource_list_has_a_row_for_each_subresource(registry: Registry) -> None:
    rows = read(registry, "/apis/example.com/v1")["resources"]
    assert [row["name"] for row in rows] == ["widgets", "widgets/status", "widgets/scale"]
    assert rows[0]["shortNames"] == ["wi"]
    assert rows[0]["categories"] == ["all"]
    assert (rows[2]["group"], rows[2]["version"], rows[2]["kind"]) == ("autoscaling", "v1", "Scale")


def test_the_hash_of_a_storage_version_is_that_of_the_real_server(registry: Registry) -> None:
    rows = {row["name"]: row for row in read(registry, "/apis/apps/v1")["resources"]}
    assert rows["controllerrevisions"]["storageVersionHash"] == "85nkx63pcBU="


def test_aggregated_discovery_comes_when_it_is_asked_for_first(registry: Registry) -> None:
    response = get(registry, "/apis", f"{AGGREGATED},application/json")
    assert response.content_type == AGGREGATED
    items = orjson.loads(response.body or b"")["items"]
    group = next(item for item in items if item["metadata"]["name"] == "example.com")
    row = group["versions"][0]["resources"][0]
    assert row["responseKind"] == {"group": "example.com", "version": "v1", "kind": "Widget"}
    assert [each["subresource"] for each in row["subresources"]] == ["status", "scale"]


def test_plain_lists_come_when_nothing_else_is_accepted(registry: Registry) -> None:
    assert read(registry, "/apis", "application/json")["kind"] == "APIGroupList"


def test_a_form_that_is_not_served_is_not_acceptable(registry: Registry) -> None:
    with pytest.raises(ApiError) as caught:
        get(registry, "/apis", AGGREGATED.replace("v=v2", "v=v3"))
    assert caught.value.code == 406


def test_a_client_that_has_the_document_is_told_so(registry: Registry) -> None:
    tag = get(registry, "/apis", AGGREGATED).headers["etag"]
    again = get(registry, "/apis", AGGREGATED, **{"if-none-match": tag})
    assert (again.status, again.body) == (304, b"")


def test_an_unknown_group_is_plain_text_and_an_unknown_version_a_status(registry: Registry) -> None:
    assert get(registry, "/apis/nope/v1").status == 404
    with pytest.raises(ApiError) as caught:
        get(registry, "/apis/apps/v9")
    assert caught.value.message == "the server could not find the requested resource"


def test_what_is_added_is_found_at_once(registry: Registry) -> None:
    plain = Registry(resources())
    assert get(plain, "/apis/example.com").status == 404
    for resource in served_resources(WIDGETS):
        plain.add(resource)
    assert read(plain, "/apis/example.com")["name"] == "example.com"


def test_openapi_has_a_document_for_every_group_and_version(registry: Registry) -> None:
    paths = read(registry, "/openapi/v3")["paths"]
    served = {f"apis/{r.api_version}" if r.group else "api/v1" for r in registry}
    assert set(paths) == served


def test_a_document_is_found_by_its_hash_and_a_wrong_hash_leads_to_it(registry: Registry) -> None:
    where = read(registry, "/openapi/v3")["paths"]["apis/apps/v1"]["serverRelativeURL"]
    assert read(registry, where)["openapi"] == "3.0.0"
    moved = get(registry, "/openapi/v3/apis/apps/v1?hash=WRONG")
    assert (moved.status, moved.headers["location"]) == (301, where)


@pytest.mark.parametrize("path", ["apis/apps/v1", "api/v1", "apis/example.com/v1"])
def test_every_reference_of_a_document_leads_somewhere(registry: Registry, path: str) -> None:
    document = read(registry, f"/openapi/v3/{path}")
    prefix = "#/components/schemas/"
    found = set(_references(document))
    assert found
    assert {name.removeprefix(prefix) for name in found} <= set(document["components"]["schemas"])


def _references(value: Any) -> list[str]:
    if isinstance(value, dict):
        own = [value["$ref"]] if isinstance(value.get("$ref"), str) else []
        return own + [name for each in value.values() for name in _references(each)]
    if isinstance(value, list):
        return [name for each in value for name in _references(each)]
    return []


def test_a_custom_kind_is_published_with_the_fields_of_every_object(registry: Registry) -> None:
    schemas = read(registry, "/openapi/v3/apis/example.com/v1")["components"]["schemas"]
    schema = schemas["com.example.v1.Widget"]
    assert schema["x-kubernetes-group-version-kind"] == [
        {"group": "example.com", "version": "v1", "kind": "Widget"}
    ]
    assert set(schema["properties"]) == {"apiVersion", "kind", "metadata", "spec"}
    port = schema["properties"]["spec"]["properties"]["port"]
    assert port["anyOf"] == [{"type": "integer"}, {"type": "string"}]


def test_kubectl_finds_that_a_patch_takes_field_validation(registry: Registry) -> None:
    paths = read(registry, "/openapi/v3/apis/example.com/v1")["paths"]
    patch = paths["/apis/example.com/v1/namespaces/{namespace}/widgets/{name}"]["patch"]
    assert "fieldValidation" in [row["name"] for row in patch["parameters"]]
    assert patch["x-kubernetes-group-version-kind"]["kind"] == "Widget"


def test_version_2_has_the_definitions_of_all_kinds(registry: Registry) -> None:
    definitions = read(registry, "/openapi/v2")["definitions"]
    assert {"io.k8s.api.apps.v1.Deployment", "com.example.v1.Widget"} <= set(definitions)
