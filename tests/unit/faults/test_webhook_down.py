"""Webhooks that do not answer: what they should judge is refused, until the fault ends."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from harness.apiserver.status import ApiError
from harness.client.resources import CONFIGMAPS, ResourceRef
from harness.faults.context import CannotInject
from harness.faults.webhook_down import NOWHERE, WebhookDown
from tests.support.api import NAMESPACE, Api, with_api
from tests.support.watching import settle

CONFIGURATIONS = ResourceRef(
    "admissionregistration.k8s.io",
    "v1",
    "validatingwebhookconfigurations",
    "ValidatingWebhookConfiguration",
    namespaced=False,
)
LIFE = ["injected", "observed", "ended"]


def hook(name: str) -> dict[str, Any]:
    rule = {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"]}
    return {
        "name": name,
        "clientConfig": {"url": "https://elsewhere.invalid/"},
        "rules": [rule | {"resources": ["configmaps"]}],
        "failurePolicy": "Ignore",
        "sideEffects": "None",
        "admissionReviewVersions": ["v1"],
    }


async def policies(api: Api) -> dict[str, Any]:
    """A configuration of two webhooks."""
    document = {
        "metadata": {"name": "policies"},
        "webhooks": [hook("one.example.com"), hook("two.example.com")],
    }
    return await api.client.create(CONFIGURATIONS, document)


def test_only_the_webhooks_that_are_meant_are_down_and_all_comes_back() -> None:
    async def body(api: Api) -> None:
        before = await policies(api)
        fault = WebhookDown(
            "ValidatingWebhookConfiguration/policies",
            webhooks=["two.example.com"],
            failure_policy="Fail",
        )
        task = asyncio.create_task(api.inject(fault, 10))
        await settle()
        one, two = (await api.client.get(CONFIGURATIONS, "policies"))["webhooks"]
        assert one == before["webhooks"][0]
        assert (two["clientConfig"], two["failurePolicy"]) == ({"url": NOWHERE}, "Fail")
        await task
        assert (await api.client.get(CONFIGURATIONS, "policies"))["webhooks"] == before["webhooks"]
        assert api.phases() == LIFE

    with_api(body)


def test_a_webhook_that_is_not_there_is_told() -> None:
    async def body(api: Api) -> None:
        await policies(api)
        fault = WebhookDown("ValidatingWebhookConfiguration/policies", webhooks=["three"])
        with pytest.raises(CannotInject, match=r"it has one\.example\.com, two\.example\.com"):
            await api.begin(fault)

    with_api(body)


def test_what_it_should_judge_is_refused_as_long_as_it_is_down() -> None:
    async def body(api: Api) -> None:
        await policies(api)
        fault = WebhookDown("ValidatingWebhookConfiguration/policies", failure_policy="Fail")
        injection = await api.begin(fault)
        with pytest.raises(ApiError, match="failed calling webhook") as caught:
            await api.subject_client.create(CONFIGMAPS, {"metadata": {"name": "a"}}, NAMESPACE)
        assert caught.value.code == 500
        await injection.finish(put_back=True)
        await api.subject_client.create(CONFIGMAPS, {"metadata": {"name": "a"}}, NAMESPACE)

    with_api(body)
