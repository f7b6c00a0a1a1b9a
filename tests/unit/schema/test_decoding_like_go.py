"""Built-in objects live in structs; the messages are those of a real server."""

from typing import Any

import pytest

from harness.apiserver.schema.decoding import decode_builtin
from harness.apiserver.schema.facts import node
from harness.apiserver.status import ApiError


def decoded(api_version: str, kind: str, document: dict[str, Any]) -> dict[str, Any]:
    decode_builtin(node(api_version, kind), document, kind=kind, version=api_version[-2:])
    return document


def container(**fields: Any) -> dict[str, Any]:
    return {"spec": {"containers": [{"name": "a", **fields}]}}


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        pytest.param(
            {"image": 5},
            "json: cannot unmarshal number into Go struct field Container.spec.containers.image "
            "of type string",
            id="a number for text",
        ),
        pytest.param(
            {"args": "x"},
            "json: cannot unmarshal string into Go struct field Container.spec.containers.args "
            "of type []string",
            id="text for a list",
        ),
        pytest.param(
            {"ports": [{"containerPort": 8080.0}]},
            "json: cannot unmarshal number 8080.0 into Go struct field "
            "ContainerPort.spec.containers.ports.containerPort of type int32",
            id="a number with a fraction for a port",
        ),
        pytest.param(
            {"resources": {"limits": {"cpu": "x"}}},
            "quantities must match the regular expression "
            "'^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
            id="no quantity",
        ),
    ],
)
def test_a_value_that_its_go_type_cannot_hold_is_a_bad_request(
    fields: dict[str, Any], message: str
) -> None:
    with pytest.raises(ApiError) as caught:
        decoded("v1", "Pod", container(**fields))
    assert caught.value.code == 400
    assert caught.value.message == f'Pod in version "v1" cannot be handled as a Pod: {message}'


def test_what_a_struct_cannot_tell_from_nothing_is_dropped() -> None:
    written = container(
        env=[], args=None, tty=False, workingDir="", resources={}, securityContext={}
    )
    kept = container(resources={}, securityContext={})
    assert decoded("v1", "Pod", written) == kept


def test_a_pointer_keeps_its_zero() -> None:
    written = {"spec": {"replicas": 0, "paused": False}}
    assert decoded("apps/v1", "Deployment", written) == {"spec": {"replicas": 0}}


def test_null_entries_of_text_maps_are_empty_text() -> None:
    assert decoded("v1", "ConfigMap", {"data": {"a": None}}) == {"data": {"a": ""}}


def test_quantities_come_back_in_their_canonical_text() -> None:
    written = container(resources={"requests": {"cpu": "1000m", "memory": "1024Mi"}})
    kept = container(resources={"requests": {"cpu": "1", "memory": "1Gi"}})
    assert decoded("v1", "Pod", written) == kept


@pytest.mark.parametrize(
    ("time", "rest"),
    [
        pytest.param("2026-01-01T00:00:00Z", 'cannot parse "Z" as ".000000"', id="no fraction"),
        pytest.param("x", 'cannot parse "x" as "2006"', id="no time at all"),
    ],
)
def test_a_micro_time_has_six_digits(time: str, rest: str) -> None:
    layout = "2006-01-02T15:04:05.000000Z07:00"
    with pytest.raises(ApiError) as caught:
        decoded("coordination.k8s.io/v1", "Lease", {"spec": {"renewTime": time}})
    assert caught.value.message.endswith(f'parsing time "{time}" as "{layout}": {rest}')
