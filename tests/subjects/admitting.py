"""An operator with admission handlers, as kopf's documentation writes them.

It serves them itself, on its own loopback address, and keeps its webhook configurations up to date.
"""

from __future__ import annotations

import ssl
from typing import Any

import kopf

from harness.simulation.tls import authority

PORT = 9443
SERVICE = "admitting.default.svc"


class Server(kopf.WebhookServer):
    """kopf's webhook server with a certificate that the tests know."""

    def _build_ssl(self) -> tuple[bytes | None, ssl.SSLContext | None]:
        context = authority().server_context("127.0.0.1", SERVICE)
        return authority().pem.encode(), context


@kopf.on.startup()
def configure(settings: kopf.OperatorSettings, **_: Any) -> None:
    """Serve on loopback, and write the configurations."""
    settings.admission.server = Server(addr="127.0.0.1", port=PORT)
    settings.admission.managed = "tests.example.com"


@kopf.on.validate("configmaps", id="passwords", labels={"guarded": "yes"})
def forbid_secrets(body: kopf.Body, warnings: list[str], **_: Any) -> None:
    """No passwords, and a word about empty ones."""
    data = body.get("data") or {}
    if "password" in data:
        raise kopf.AdmissionError("passwords belong into a Secret", code=422)
    if not data:
        warnings.append("there is nothing in it")


@kopf.on.mutate("configmaps", labels={"guarded": "yes"}, operations=["CREATE"])
def sign(patch: kopf.Patch, **_: Any) -> None:
    """Add who has seen it."""
    patch.setdefault("metadata", {}).setdefault("annotations", {})["seen-by"] = "operator"
