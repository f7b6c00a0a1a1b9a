"""Pods find the proxy behind a Service of the cluster, by the names that clients look for."""

from __future__ import annotations

import dataclasses
import json
import ssl
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from harness.apiserver.requests import Object
from harness.clusters.kind.cluster import KindHandle
from harness.clusters.kind.pod_route import pod_route
from harness.clusters.kind.routing import routed
from harness.clusters.proxy import ProxyPlace
from tests.support.fake_programs import FakePrograms

HANDLE = KindHandle(
    "demo", Path("/kubeconfig"), Path("/bin/kind"), Path("/bin/kubectl"), ("node",), created=False
)


@pytest.fixture
def place() -> ProxyPlace:
    """Where the proxy listens."""
    return ProxyPlace.new("172.18.0.1", 30123)


def test_a_service_leads_to_the_proxy(programs: FakePrograms, place: ProxyPlace) -> None:
    applied: list[dict[str, Any]] = []

    def apply(command: Sequence[str]) -> str:
        applied.extend(json.loads(Path(command[-1]).read_text())["items"])
        return ""

    programs.answer("/bin/kubectl apply", apply)
    programs.answer("get service", "10.96.7.7\n")
    with pod_route(HANDLE, place, run=programs) as route:
        assert (route.host, route.port) == ("10.96.7.7", 443)
        assert route.ca_pem == place.ca_pem
    service, endpoints = applied
    assert "selector" not in service["spec"]
    assert service["spec"]["ports"] == [{"name": "https", "port": 443, "targetPort": 30123}]
    assert endpoints["endpoints"][0]["addresses"] == ["172.18.0.1"]
    assert endpoints["ports"][0]["port"] == 30123
    name = service["metadata"]["name"]
    assert endpoints["metadata"]["labels"] == {"kubernetes.io/service-name": name}


def test_certificates_are_for_all_names_that_pods_use(
    programs: FakePrograms, place: ProxyPlace
) -> None:
    programs.answer("get service", "10.96.7.7")
    with pod_route(HANDLE, place, run=programs) as route:
        pem = route.place.certificate().cert_chain_pems[0].bytes()
    names = x509.load_pem_x509_certificate(pem).extensions.get_extension_for_class(
        x509.SubjectAlternativeName
    )
    found = [str(name.value) for name in names.value]
    assert {"172.18.0.1", "10.96.7.7", "kubernetes.default.svc"} <= set(found)


@pytest.mark.parametrize("created", [True, False], ids=["ours", "reused"])
def test_only_a_cluster_that_stays_is_tidied(
    programs: FakePrograms, place: ProxyPlace, created: bool
) -> None:
    programs.answer("get service", "10.96.7.7")
    handle = dataclasses.replace(HANDLE, created=created)
    with pod_route(handle, place, run=programs):
        assert programs.asked("delete") == []
    assert len(programs.asked("delete")) == (0 if created else 1)


def test_a_key_is_not_shown_when_a_place_is_printed(place: ProxyPlace) -> None:
    assert "PRIVATE KEY" in place.ca_key_pem
    assert "PRIVATE KEY" not in repr(place)


def test_every_place_has_an_authority_that_clients_can_load(place: ProxyPlace) -> None:
    ssl.create_default_context(cadata=place.ca_pem)
    assert ProxyPlace.new().ca_pem != place.ca_pem


def test_a_deployment_is_led_to_the_proxy_and_has_no_pods(
    programs: FakePrograms, place: ProxyPlace
) -> None:
    programs.answer("get service", "10.96.7.7")
    container: Object = {
        "name": "main",
        "env": [{"name": "KUBERNETES_SERVICE_HOST", "value": "old"}],
    }
    deployment: Object = {
        "kind": "Deployment",
        "metadata": {"name": "op", "namespace": "ops"},
        "spec": {"replicas": 2, "template": {"spec": {"containers": [container]}}},
    }
    other: Object = {"kind": "Deployment", "metadata": {"name": "other"}}
    with pod_route(HANDLE, place, run=programs) as route:
        authority, led, untouched = routed([deployment, other], "op", route)
    assert untouched is other
    assert authority["metadata"]["namespace"] == "ops"
    assert authority["data"] == {"ca.crt": place.ca_pem}
    assert led["spec"]["replicas"] == 0
    pod = led["spec"]["template"]["spec"]
    assert pod["automountServiceAccountToken"] is False
    ((alias,), (led_container,)) = pod["hostAliases"], pod["containers"]
    assert alias["ip"] == "10.96.7.7"
    assert "kubernetes.default.svc" in alias["hostnames"]
    assert led_container["env"] == [
        {"name": "KUBERNETES_SERVICE_HOST", "value": "10.96.7.7"},
        {"name": "KUBERNETES_SERVICE_PORT", "value": "443"},
    ]
    assert container["env"][0]["value"] == "old"
