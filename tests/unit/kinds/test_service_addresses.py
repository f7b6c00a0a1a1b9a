"""Services get addresses that nobody else has, the same for the same names."""

from typing import Any

import pytest

from harness.apiserver import documents
from harness.apiserver.requests import Object
from harness.apiserver.schema.builtin import resources
from tests.support.golden import write

SERVICES = next(each for each in resources() if each.kind == "Service")


def service(name: str = "web", **spec: Any) -> Object:
    body = {"metadata": {"name": name}, "spec": {"ports": [{"port": 80}], **spec}}
    return write(SERVICES, body)


def test_the_same_name_gets_the_same_address() -> None:
    assert service()["spec"]["clusterIP"] == service()["spec"]["clusterIP"]
    assert service()["spec"]["clusterIP"] != service("other")["spec"]["clusterIP"]


def test_an_address_that_is_taken_is_passed_over() -> None:
    first, second = service(), service("other")
    second["spec"]["clusterIP"] = first["spec"]["clusterIP"]
    late = documents.copy(first)
    del late["spec"]["clusterIP"], late["spec"]["clusterIPs"]
    assert SERVICES.strategy.allocate(late, [second]) == []
    assert late["spec"]["clusterIP"] != first["spec"]["clusterIP"]


def test_asking_for_an_address_that_is_taken_is_refused() -> None:
    first = service()
    (error,) = SERVICES.strategy.allocate(documents.copy(first), [first])
    address = first["spec"]["clusterIP"]
    words = f"failed to allocate IP {address}: provided IP is already allocated"
    assert str(error) == f'spec.clusterIPs: Invalid value: ["{address}"]: {words}'


def test_the_service_of_the_api_server_has_the_first_address() -> None:
    assert service("kubernetes")["spec"]["clusterIP"] == "10.96.0.1"


@pytest.mark.parametrize("kind", ["NodePort", "LoadBalancer"])
def test_a_service_seen_from_outside_has_node_ports(kind: str) -> None:
    (port,) = service(type=kind)["spec"]["ports"]
    assert 30000 <= port["nodePort"] <= 32767


def test_changing_the_type_gives_and_takes_node_ports() -> None:
    inside = service()
    outside = documents.copy(inside)
    outside["spec"]["type"] = "NodePort"
    outside = write(SERVICES, outside, inside)
    assert "nodePort" in outside["spec"]["ports"][0]
    back = documents.copy(outside)
    back["spec"]["type"] = "ClusterIP"
    back = write(SERVICES, back, outside)
    assert "nodePort" not in back["spec"]["ports"][0]
    assert "externalTrafficPolicy" not in back["spec"]


def test_an_update_that_leaves_the_address_out_keeps_it() -> None:
    old = service()
    new = {"metadata": {"name": "web"}, "spec": {"ports": [{"port": 81}]}}
    assert write(SERVICES, new, old)["spec"]["clusterIP"] == old["spec"]["clusterIP"]
