"""A real kube-apiserver asked what it thinks of objects, without storing any."""

from __future__ import annotations

import http.client
import json
import ssl
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

_SECONDS_MAX = 30.0


@dataclass(frozen=True)
class Judge:
    """One connection to a server.

    Args:
        connection: Kept open over all requests.
        token: Of an administrator.
    """

    connection: http.client.HTTPSConnection
    token: str

    @classmethod
    def at(cls, url: str, ca_pem: str, token: str) -> Judge:
        """A judge behind an address."""
        place = urlsplit(url)
        trusting = ssl.create_default_context(cadata=ca_pem)
        assert place.hostname is not None
        connection = http.client.HTTPSConnection(
            place.hostname, place.port, context=trusting, timeout=_SECONDS_MAX
        )
        return cls(connection, token)

    def define(self, crd: dict[str, Any]) -> None:
        """Store a CRD, and wait until its kind is served."""
        path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
        status, answer = self.send("POST", path, crd)
        assert status in (201, 409), answer
        spec = crd["spec"]
        version = next(v["name"] for v in spec["versions"] if v["storage"])
        served = f"/apis/{spec['group']}/{version}/{spec['names']['plural']}"
        while self.send("GET", served)[0] != 200:
            pass  # Each look is a request of its own, and the server is quick to serve.

    def verdict(self, crd: dict[str, Any], document: dict[str, Any]) -> tuple[int, str]:
        """Status and message for a new object, by strict field validation, as a dry run."""
        spec = crd["spec"]
        version = document["apiVersion"].rpartition("/")[2]
        place = "/namespaces/default" if spec["scope"] == "Namespaced" else ""
        path = f"/apis/{spec['group']}/{version}{place}/{spec['names']['plural']}"
        query = "dryRun=All&fieldValidation=Strict"
        status, answer = self.send("POST", f"{path}?{query}", document)
        return status, str(answer.get("message", ""))

    def send(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """One request."""
        headers = {"authorization": f"Bearer {self.token}", "content-type": "application/json"}
        text = None if body is None else json.dumps(body)
        self.connection.request(
            method,
            path,
            text,
            headers if body is not None else {"authorization": headers["authorization"]},
        )
        response = self.connection.getresponse()
        content = response.read()
        is_json = "json" in (response.getheader("content-type") or "")
        return response.status, json.loads(content) if is_json else {"message": content.decode()}
