"""Ownership of the replica count, between an object and its Scale."""

from __future__ import annotations

from typing import Any

from harness.apiserver.apply import rows_for_scale, rows_from_scale


def row(manager: str, fields: dict[str, Any], **more: str) -> dict[str, Any]:
    """One row of managedFields."""
    return {
        "manager": manager,
        "operation": "Update",
        "apiVersion": "apps/v1",
        "time": "T1",
        "fieldsType": "FieldsV1",
        "fieldsV1": fields,
        **more,
    }


REPLICAS: dict[str, Any] = {"f:spec": {"f:replicas": {}}}
CREATOR = row("creator", {"f:spec": {"f:paused": {}, "f:replicas": {}}})
OTHER = row("other", {"f:metadata": {"f:labels": {}}})


def test_a_scale_shows_who_owns_the_count() -> None:
    assert rows_for_scale([CREATOR, OTHER], ".spec.replicas") == [
        row("creator", REPLICAS, apiVersion="autoscaling/v1")
    ]


def test_a_write_through_scale_takes_the_count_and_has_no_time() -> None:
    scaler = row("scaler", REPLICAS, apiVersion="autoscaling/v1", subresource="scale")
    rows = rows_from_scale([CREATOR, OTHER], [scaler], ".spec.replicas", "apps/v1")
    expected = row("scaler", REPLICAS, subresource="scale")
    del expected["time"]
    assert rows == [expected, row("creator", {"f:spec": {"f:paused": {}}}), OTHER]


def test_the_count_may_be_anywhere() -> None:
    rows = [row("creator", {"f:spec": {"f:size": {}}})]
    assert rows_for_scale(rows, ".spec.size")[0]["fieldsV1"] == REPLICAS
    scaler = row("scaler", REPLICAS, apiVersion="autoscaling/v1")
    after = rows_from_scale(rows, [scaler], ".spec.size", "example.com/v1")
    assert [each["fieldsV1"] for each in after] == [{"f:spec": {"f:size": {}}}]


def test_an_applier_keeps_its_row() -> None:
    applier = row("applier", REPLICAS, operation="Apply")
    scale = rows_for_scale([applier], ".spec.replicas")
    assert rows_from_scale([applier], scale, ".spec.replicas", "apps/v1") == [applier]
