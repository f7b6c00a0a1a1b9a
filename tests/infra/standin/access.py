"""Asking a Kubernetes API server for one object at a time: kubeconfig > connection > answer.

Only what the stand-in needs, on the standard library: discovery of a kind's path, GET, server-side
apply, DELETE. Credentials are a token or a client certificate; a kubeconfig that runs a program for
its credentials (`exec`) is refused.

See https://kubernetes.io/docs/reference/using-api/server-side-apply/
"""

from __future__ import annotations

import base64
import http.client
import json
import ssl
import tempfile
import urllib.parse
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

Object = dict[str, Any]

FIELD_MANAGER = "pulumi-kubernetes"
_CONNECT_SECONDS = 10.0


class Refused(Exception):
    """The API server said no, or did not answer; `code` is its HTTP status, 0 without an answer."""

    def __init__(self, message: str, code: int = 0) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class Kind:
    """Where the objects of a kind are: the group's path, the plural, and whether in namespaces."""

    prefix: str
    plural: str
    namespaced: bool

    def path(self, name: str, namespace: str) -> str:
        """The path of one object."""
        scope = f"/namespaces/{namespace}" if self.namespaced else ""
        return f"{self.prefix}{scope}/{self.plural}/{name}"


@dataclass
class Access:
    """The way to one API server, as a kubeconfig describes it."""

    host: str
    port: int
    tls: ssl.SSLContext | None
    token: str
    namespace: str
    kinds: dict[tuple[str, str], Kind] = field(default_factory=dict)

    def kind(self, api_version: str, kind: str) -> Kind:
        """Where a kind's objects are; the answer is kept, unless it is no.

        Raises:
            Refused: The server does not serve it, 404.
        """
        known = self.kinds.get((api_version, kind))
        if known is not None:
            return known
        prefix = f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}"
        for resource in self.ask("GET", prefix)["resources"]:
            if resource["kind"] == kind and "/" not in resource["name"]:
                found = Kind(prefix, resource["name"], resource["namespaced"])
                return self.kinds.setdefault((api_version, kind), found)
        raise Refused(f"no kind {kind} in {api_version}", 404)

    def path(self, obj: Object) -> str:
        """The path of an object."""
        kind = self.kind(obj["apiVersion"], obj["kind"])
        metadata = obj["metadata"]
        return kind.path(metadata["name"], metadata.get("namespace") or self.namespace)

    def find(self, obj: Object) -> Object | None:
        """The object as it is on the server; None when it, or its kind, is not there."""
        try:
            return self.ask("GET", self.path(obj))
        except Refused as error:
            if error.code == http.HTTPStatus.NOT_FOUND:
                return None
            raise

    def apply(self, obj: Object, *, force: bool, dry_run: bool = False) -> Object:
        """Server-side apply; the object as it is then.

        Raises:
            Refused: 409 when another manager owns a field with another value and not `force`.
        """
        query = {"fieldManager": FIELD_MANAGER, "force": "true" if force else "false"}
        if dry_run:
            query["dryRun"] = "All"
        path = f"{self.path(obj)}?{urllib.parse.urlencode(query)}"
        return self.ask("PATCH", path, obj, "application/apply-patch+yaml")

    def delete(self, obj: Object, propagation: str) -> None:
        """Ask for its deletion; one that is not there is deleted."""
        try:
            self.ask("DELETE", self.path(obj), {"propagationPolicy": propagation})
        except Refused as error:
            if error.code != http.HTTPStatus.NOT_FOUND:
                raise

    def ask(
        self, method: str, path: str, body: Object | None = None, media: str = "application/json"
    ) -> Object:
        """One request on a connection of its own.

        Raises:
            Refused: With the message of the server's Status.
        """
        headers = {"accept": "application/json"}
        if self.token:
            headers["authorization"] = f"Bearer {self.token}"
        if body is not None:
            headers["content-type"] = media
        connection = self._connection()
        try:
            connection.request(method, path, None if body is None else json.dumps(body), headers)
            response = connection.getresponse()
            content = response.read()
        except (OSError, http.client.HTTPException) as error:
            where = f"{self.host}:{self.port}"
            raise Refused(f"the API server at {where} does not answer: {error}") from None
        finally:
            connection.close()
        if response.status >= http.HTTPStatus.BAD_REQUEST:
            raise Refused(_message(content), response.status)
        answer: Object = json.loads(content)
        return answer

    def _connection(self) -> http.client.HTTPConnection:
        if self.tls is None:
            return http.client.HTTPConnection(self.host, self.port, timeout=_CONNECT_SECONDS)
        return http.client.HTTPSConnection(
            self.host, self.port, timeout=_CONNECT_SECONDS, context=self.tls
        )


def access(kubeconfig: str, context_name: str = "") -> Access:
    """The way that a kubeconfig describes, given as text or as the path of a file.

    Raises:
        Refused: It is none, or needs what the stand-in has not.
    """
    text = kubeconfig if "\n" in kubeconfig or "{" in kubeconfig else Path(kubeconfig).read_text()
    config = YAML(typ="safe").load(text)
    try:
        context = _named(config["contexts"], context_name or config["current-context"])["context"]
        cluster = _named(config["clusters"], context["cluster"])["cluster"]
        user = _named(config["users"], context["user"])["user"]
        url = urllib.parse.urlsplit(cluster["server"])
    except (KeyError, TypeError, StopIteration) as error:
        raise Refused(f"kubernetes:kubeconfig is no kubeconfig with a context: {error!r}") from None
    if unknown := {"exec", "auth-provider", "username", "tokenFile"} & set(user):
        raise Refused(f"the stand-in knows tokens and certificates, not {sorted(unknown)[0]!r}")
    tls = _tls(cluster, user) if url.scheme == "https" else None
    port = url.port or (443 if tls else 80)
    namespace = context.get("namespace") or "default"
    return Access(url.hostname or "", port, tls, user.get("token", ""), namespace)


def _named(entries: list[Object], name: str) -> Object:
    return next(entry for entry in entries if entry["name"] == name)


def _tls(cluster: Object, user: Object) -> ssl.SSLContext:
    authority = _pem(cluster, "certificate-authority")
    tls = ssl.create_default_context(cadata=authority.decode() if authority else None)
    if cluster.get("insecure-skip-tls-verify"):
        tls.check_hostname = False
        tls.verify_mode = ssl.CERT_NONE
    certificate, key = _pem(user, "client-certificate"), _pem(user, "client-key")
    if certificate and key:
        # The ssl module reads certificates from files only.
        with tempfile.NamedTemporaryFile() as file:
            file.write(certificate + b"\n" + key)
            file.flush()
            tls.load_cert_chain(file.name)
    return tls


def _pem(entry: Object, name: str) -> bytes:
    if data := entry.get(f"{name}-data"):
        return base64.b64decode(data)
    return Path(entry[name]).read_bytes() if entry.get(name) else b""


def _message(content: bytes) -> str:
    try:
        message: str = json.loads(content)["message"]
    except (ValueError, KeyError, TypeError):
        return content.decode(errors="replace")
    return message
