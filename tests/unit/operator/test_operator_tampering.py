"""Children that were changed so that apply alone cannot repair them."""

from __future__ import annotations

from typing import Any

import pytest

from aiservice_operator.kinds import FIELD_MANAGER, Object
from aiservice_operator.tampering import repairs


@pytest.fixture
def network_service(at_rest: dict[str, Any]) -> Object:
    """The Service of a service at rest, as a real API server had it."""
    return dict(next(each for each in at_rest["children"] if each["kind"] == "Service"))


def wanted(port: int = 8080) -> Object:
    return {"spec": {"ports": [{"name": "http", "port": port, "targetPort": "http"}]}}


def test_a_number_that_somebody_changed_is_put_back(network_service: Object) -> None:
    network_service["spec"]["ports"][0]["port"] = 9999
    assert repairs(wanted(), network_service) == [
        {"op": "replace", "path": "/spec/ports/0/port", "value": 8080}
    ]


def test_a_number_that_the_spec_changes_is_left_to_apply(network_service: Object) -> None:
    """Else a refused spec would be carried out by half."""
    assert repairs(wanted(9090), network_service) == []


def test_a_port_of_somebody_else_is_left_alone(network_service: Object) -> None:
    network_service["spec"]["ports"].insert(0, {"name": "metrics", "port": 9999})
    assert repairs(wanted(), network_service) == []


def test_what_the_repair_made_us_own_twice_is_given_up(network_service: Object) -> None:
    updater = {"manager": FIELD_MANAGER, "operation": "Update", "fieldsV1": {}}
    network_service["metadata"]["managedFields"].append(updater)
    index = len(network_service["metadata"]["managedFields"]) - 1
    assert repairs(wanted(), network_service) == [
        {"op": "remove", "path": f"/metadata/managedFields/{index}"}
    ]
