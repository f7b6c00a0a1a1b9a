"""Tables have the columns and cells of the real server; CRDs define their own."""

import datetime
from typing import Any

import pytest

from harness.apiserver.requests import Request
from harness.apiserver.resource import PrinterColumn, Resource, Strategy
from harness.apiserver.schema.builtin import resources
from harness.apiserver.schema.node import Node
from harness.apiserver.status import ApiError
from harness.apiserver.table import to_metadata_list, to_table
from harness.apiserver.table.ages import age, human_duration
from harness.apiserver.table.jsonpath import find

NOW = datetime.datetime(2026, 1, 1, 1, 0, 0, tzinfo=datetime.UTC)
BY_NAME = {resource.qualified: resource for resource in resources()}
META = {"name": "a", "creationTimestamp": "2026-01-01T00:58:00Z"}


def table(resource: Resource, document: Any, **query: str) -> Any:
    request = Request("GET", "/", query={key: [value] for key, value in query.items()})
    return to_table(resource, [document], request, NOW)


def cells(name: str, document: Any) -> list[Any]:
    cells: list[Any] = table(BY_NAME[name], {"metadata": META, **document})["rows"][0]["cells"]
    return cells


def test_a_deployment_shows_how_many_of_its_pods_are_ready() -> None:
    spec = {
        "replicas": 2,
        "selector": {"matchLabels": {"app": "web"}},
        "template": {"spec": {"containers": [{"name": "c", "image": "nginx"}]}},
    }
    status = {"readyReplicas": 1, "updatedReplicas": 2, "availableReplicas": 1}
    shown = cells("deployments.apps", {"spec": spec, "status": status})
    assert shown == ["a", "1/2", 2, 1, "2m", "c", "nginx", "app=web"]


def test_a_row_has_a_cell_for_every_column() -> None:
    for resource in resources():
        made = table(resource, {"metadata": META})
        assert len(made["rows"][0]["cells"]) == len(made["columnDefinitions"]), resource.kind


def _pod(**status: Any) -> dict[str, Any]:
    return {"spec": {"containers": [{"name": "a"}]}, "status": {"phase": "Running", **status}}


def _container(**state: Any) -> dict[str, Any]:
    return {"containerStatuses": [{"name": "a", "state": state}]}


@pytest.mark.parametrize(
    ("pod", "word"),
    [
        pytest.param(_pod(), "Running", id="the phase"),
        pytest.param(_pod(reason="Evicted"), "Evicted", id="the reason of the pod"),
        pytest.param(
            _pod(**_container(waiting={"reason": "CrashLoopBackOff"})),
            "CrashLoopBackOff",
            id="a container that waits",
        ),
        pytest.param(
            _pod(**_container(terminated={"exitCode": 3})), "ExitCode:3", id="one that ended"
        ),
        pytest.param(
            {
                "spec": {"containers": [{"name": "a"}], "initContainers": [{"name": "i"}]},
                "status": {
                    "phase": "Pending",
                    "initContainerStatuses": [{"name": "i", "state": {"running": {}}}],
                },
            },
            "Init:0/1",
            id="an init container that runs",
        ),
        pytest.param(
            {**_pod(), "metadata": {**META, "deletionTimestamp": "2026-01-01T00:59:00Z"}},
            "Terminating",
            id="a pod that goes",
        ),
    ],
)
def test_a_pod_shows_the_word_that_tells_most(pod: dict[str, Any], word: str) -> None:
    assert cells("pods", pod)[2] == word


def test_restarts_say_when_the_last_one_was() -> None:
    ended = {"terminated": {"exitCode": 1, "finishedAt": "2026-01-01T00:55:00Z"}}
    status = {"containerStatuses": [{"name": "a", "restartCount": 3, "lastState": ended}]}
    assert cells("pods", _pod(**status))[3] == "3 (5m ago)"


def _custom(*columns: PrinterColumn) -> Resource:
    node = Node({"type": "object"})
    names = ("example.com", "v1", "Widget", "widgets", "widget")
    return Resource(*names, True, node, Strategy(), columns=columns, custom=True)


@pytest.mark.parametrize(
    ("kind", "path", "cell"),
    [
        pytest.param("integer", ".spec.size", 3, id="a number"),
        pytest.param("string", ".spec.size", "3", id="a number as text"),
        pytest.param("integer", ".spec.name", None, id="text where a number should be"),
        pytest.param("date", ".metadata.creationTimestamp", "2m", id="a date is an age"),
        pytest.param("string", ".spec.missing", None, id="nothing"),
        pytest.param("boolean", ".spec.on", True, id="a flag"),
        pytest.param(
            "string", '.status.conditions[?(@.type=="Ready")].status', "True", id="filter"
        ),
    ],
)
def test_a_crd_defines_columns_by_path(kind: str, path: str, cell: Any) -> None:
    document = {
        "metadata": META,
        "spec": {"size": 3, "name": "x", "on": True},
        "status": {"conditions": [{"type": "Ready", "status": "True"}]},
    }
    made = table(_custom(PrinterColumn("C", kind, path)), document)
    assert made["rows"][0]["cells"] == ["a", cell]


def test_include_object_says_how_much_goes_along() -> None:
    document = {"metadata": META, "data": {"a": "b"}}
    resource = BY_NAME["configmaps"]
    assert "object" not in table(resource, document, includeObject="None")["rows"][0]
    assert table(resource, document, includeObject="Object")["rows"][0]["object"] == document
    part = table(resource, document)["rows"][0]["object"]
    assert (part["kind"], part["metadata"]) == ("PartialObjectMetadata", META)
    with pytest.raises(ApiError, match="unrecognized includeObject value: 'All'"):
        table(resource, document, includeObject="All")


def test_a_list_of_metadata_keeps_the_version_of_the_list() -> None:
    items = [{"metadata": META, "data": {"a": "b"}}]
    made = to_metadata_list({"metadata": {"resourceVersion": "7"}, "items": items})
    assert made["metadata"] == {"resourceVersion": "7"}
    assert set(made["items"][0]) == {"kind", "apiVersion", "metadata"}


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-5, "<invalid>"),
        (0, "0s"),
        (119, "119s"),
        (120, "2m"),
        (330, "5m30s"),
        (3600, "60m"),
        (11100, "3h5m"),
        (169200, "47h"),
        (9 * 86400, "9d"),
        (8 * 86400 - 1, "7d23h"),
        (800 * 86400, "2y70d"),
    ],
    ids=str,
)
def test_ages_grow_coarser(seconds: int, text: str) -> None:
    assert human_duration(seconds) == text


def test_no_time_is_an_unknown_age() -> None:
    assert age(None, NOW) == age("x", NOW) == "<unknown>"


@pytest.mark.parametrize(
    ("path", "found"),
    [
        pytest.param(".a.b", [1], id="fields"),
        pytest.param(".list[0].n", [1], id="position"),
        pytest.param(".list[-1].n", [2], id="position from the end"),
        pytest.param(".list[*].n", [1, 2], id="all"),
        pytest.param(".list[?(@.n>1)].n", [2], id="comparison"),
        pytest.param(r".labels.a\.b/c", ["d"], id="escaped dot"),
        pytest.param(".labels['a.b/c']", ["d"], id="quoted name"),
        pytest.param(".nothing.here", [], id="absent"),
        pytest.param(".a[", [], id="broken"),
    ],
)
def test_json_paths_lead_to_values(path: str, found: list[Any]) -> None:
    document = {"a": {"b": 1}, "list": [{"n": 1}, {"n": 2}], "labels": {"a.b/c": "d"}}
    assert find(path, document) == found
