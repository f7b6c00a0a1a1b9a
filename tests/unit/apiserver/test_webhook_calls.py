"""Calls of webhooks over real sockets, and what happens to writes that wait for them."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from harness.apiserver.requests import Object
from harness.apiserver.server import ApiServer
from harness.apiserver.status import ApiError
from harness.client import Client
from harness.client.resources import CONFIGMAPS, ResourceRef
from harness.simulation.clock import real_clock
from harness.simulation.entropy import Entropy
from harness.simulation.records import Recorder
from tests.conformance.webhooks import bundle, listening

MUTATING = ResourceRef(
    "admissionregistration.k8s.io",
    "v1",
    "mutatingwebhookconfigurations",
    "MutatingWebhookConfiguration",
    namespaced=False,
)


def configuration(url: str, **hook: Any) -> Object:
    """One mutating webhook for ConfigMaps."""
    entry = {
        "name": "a.example.com",
        "sideEffects": "None",
        "admissionReviewVersions": ["v1"],
        "clientConfig": {"url": url, "caBundle": bundle()},
        "rules": [
            {
                "operations": ["CREATE", "UPDATE"],
                "apiGroups": [""],
                "apiVersions": ["v1"],
                "resources": ["configmaps"],
            }
        ],
    }
    return {"metadata": {"name": "hooks"}, "webhooks": [entry | hook]}


def server() -> ApiServer:
    clock = real_clock()
    return ApiServer(clock, Entropy(1), Recorder(clock))


def test_a_webhook_on_this_machine_is_called_in_real_time() -> None:
    async def main(address: str) -> Object:
        client = Client(server().handle, "test")
        await client.create(MUTATING, configuration(f"https://{address}/add-data"))
        return await client.create(CONFIGMAPS, {"metadata": {"name": "a"}}, "default")

    with listening() as address:
        stored = asyncio.run(main(address))

    assert stored["data"] == {"by": "webhook"}


def test_a_certificate_of_somebody_else_is_not_trusted() -> None:
    async def main(address: str) -> str:
        client = Client(server().handle, "test")
        target = {"url": f"https://{address}/add-data"}  # without a bundle: this machine's CAs
        await client.create(MUTATING, configuration("", clientConfig=target))
        with pytest.raises(ApiError) as refused:
            await client.create(CONFIGMAPS, {"metadata": {"name": "a"}}, "default")
        return refused.value.message

    with listening() as address:
        message = asyncio.run(main(address))

    assert message.endswith(
        "tls: failed to verify certificate: x509: certificate signed by unknown authority"
    )


def test_two_writers_that_wait_for_a_webhook_do_not_overwrite_each_other() -> None:
    async def main(address: str) -> Object:
        client = Client(server().handle, "test")
        await client.create(CONFIGMAPS, {"metadata": {"name": "a"}, "data": {}}, "default")
        await client.create(MUTATING, configuration(f"https://{address}/count"))
        changes = ({"data": {"first": "1"}}, {"data": {"second": "2"}})
        await asyncio.gather(
            *(client.patch(CONFIGMAPS, "a", "default", document=change) for change in changes)
        )
        return await client.get(CONFIGMAPS, "a", "default")

    with listening() as address:
        stored = asyncio.run(main(address))

    assert stored["data"] == {"first": "1", "second": "2"}


def test_of_two_updates_of_one_version_the_webhook_allows_both_and_one_is_a_conflict() -> None:
    async def main(address: str) -> list[str]:
        client = Client(server().handle, "test")
        document = {"metadata": {"name": "a"}, "data": {"a": "0"}}
        live = await client.create(CONFIGMAPS, document, "default")
        await client.create(MUTATING, configuration(f"https://{address}/allow"))
        answers = await asyncio.gather(
            *(client.update(CONFIGMAPS, {**live, "data": {"a": text}}) for text in ("1", "2")),
            return_exceptions=True,
        )
        return [each.reason for each in answers if isinstance(each, ApiError)]

    with listening() as address:
        assert asyncio.run(main(address)) == ["Conflict"]


def test_a_generated_name_stays_the_same_while_webhooks_are_asked() -> None:
    async def main(address: str) -> tuple[str, str]:
        plain, hooked = Client(server().handle, "test"), Client(server().handle, "test")
        await hooked.create(MUTATING, configuration(f"https://{address}/add-data"))
        made = [
            await client.create(CONFIGMAPS, {"metadata": {"generateName": "a-"}}, "default")
            for client in (plain, hooked)
        ]
        first, second = (each["metadata"]["name"] for each in made)
        return first, second

    with listening() as address:
        first, second = asyncio.run(main(address))

    assert first == second
