"""How to reach a real API server: its address, whom to trust, and who we are.

    kubeconfig > context > cluster and user > (exec plugin) > Access > TLS context, token

A kubeconfig is read as kubectl reads it: `KUBECONFIG` may name several files, the first that has
a word for something wins, and relative paths in it start at its own folder.
Source: https://kubernetes.io/docs/concepts/configuration/organize-cluster-access-kubeconfig/
"""

from __future__ import annotations

import base64
import binascii
import json
import os
import ssl
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from harness.errors import UsageError
from harness.vocabulary import did_you_mean

_EXEC_SECONDS = 30.0


@dataclass(frozen=True)
class Access:
    """An API server and credentials for it; all certificates and keys are PEM texts.

    Args:
        url: Scheme, host and port.
        ca_pem: Who signed the server's certificate; empty trusts what this machine trusts.
        token: Bearer token; empty where a client certificate is used.
        certificate_pem: Client certificate, with `key_pem` its key.
        context: The kubeconfig's name for it; empty for what we started ourselves.
        verify: Whether the server must show a certificate that we trust.
    """

    url: str
    ca_pem: str = ""
    token: str = ""
    certificate_pem: str = ""
    key_pem: str = ""
    context: str = ""
    verify: bool = True

    def trust(self) -> ssl.SSLContext:
        """TLS that checks the server and shows no certificate, for whoever has a token."""
        context = ssl.create_default_context(cadata=self.ca_pem or None)
        if not self.verify:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        return context

    def tls(self) -> ssl.SSLContext:
        """TLS as ourselves: with the client certificate, where there is one."""
        context = self.trust()
        if self.certificate_pem:
            # The ssl module reads certificates from files only.
            with tempfile.NamedTemporaryFile("w", suffix=".pem") as file:
                file.write(f"{self.certificate_pem}\n{self.key_pem}\n")
                file.flush()
                context.load_cert_chain(file.name)
        return context

    def kubeconfig(self) -> str:
        """A kubeconfig that needs no other file; JSON is YAML."""
        cluster: dict[str, Any] = {"server": self.url}
        if self.ca_pem:
            cluster["certificate-authority-data"] = _encoded(self.ca_pem)
        if not self.verify:
            cluster["insecure-skip-tls-verify"] = True
        user = {"token": self.token} if self.token else {}
        if self.certificate_pem:
            user["client-certificate-data"] = _encoded(self.certificate_pem)
            user["client-key-data"] = _encoded(self.key_pem)
        name = self.context or "harness"
        document = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": name, "cluster": cluster}],
            "users": [{"name": name, "user": user}],
            "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
            "current-context": name,
        }
        return json.dumps(document, indent=1)


def find_context(path: Path | None = None, context: str | None = None) -> tuple[str, str]:
    """The name of a context and the address it leads to, without logging in there.

    Args:
        path: The file; None takes `KUBECONFIG`, then `~/.kube/config`.
        context: Its name; None takes the current one.

    Raises:
        UsageError: No such file or context.
    """
    name, cluster, _ = _parts(path, context)
    return name, str(cluster["server"]).rstrip("/")


def read_kubeconfig(path: Path | None = None, context: str | None = None) -> Access:
    """The access that a context of a kubeconfig gives.

    Args:
        path: The file; None takes `KUBECONFIG`, then `~/.kube/config`.
        context: Its name; None takes the current one.

    Raises:
        UsageError: No such file or context, or it logs in by a way that is not supported.
    """
    name, cluster, user = _parts(path, context)
    credentials = _credentials(user, name)
    return Access(
        url=str(cluster["server"]).rstrip("/"),
        ca_pem=_pem(cluster, "certificate-authority"),
        context=name,
        verify=not cluster.get("insecure-skip-tls-verify", False),
        **credentials,
    )


def _parts(path: Path | None, context: str | None) -> tuple[str, dict[str, Any], dict[str, Any]]:
    """A context's name, cluster and user."""
    config = _Config([path] if path is not None else _default_paths())
    name = context if context is not None else config.current
    chosen = config.find("contexts", name)
    cluster = config.find("clusters", chosen.get("cluster", ""))
    user = config.find("users", chosen["user"]) if chosen.get("user") else {}
    if "server" not in cluster:
        raise UsageError(f"kubeconfig context {name!r}: its cluster has no server")
    return name, cluster, user


class _Config:
    """Kubeconfig files, looked into one after the other."""

    def __init__(self, paths: list[Path]) -> None:
        self._paths = paths
        self._entries: dict[str, dict[str, dict[str, Any]]] = {
            "contexts": {},
            "clusters": {},
            "users": {},
        }
        self.current = ""
        for path in paths:
            self._add(path)

    def _add(self, path: Path) -> None:
        try:
            document = YAML(typ="safe", pure=True).load(path.read_text()) or {}
        except FileNotFoundError:
            return
        except (OSError, UnicodeDecodeError, YAMLError) as error:
            raise UsageError(f"kubeconfig {path} cannot be read: {error}") from None
        self.current = self.current or document.get("current-context") or ""
        for kind, known in self._entries.items():
            for entry in document.get(kind) or ():
                value = {**(entry.get(kind[:-1]) or {}), "": str(path.parent)}
                known.setdefault(str(entry.get("name", "")), value)

    def find(self, kind: str, name: str) -> dict[str, Any]:
        known = self._entries[kind]
        if name in known:
            return known[name]
        files = ", ".join(map(str, self._paths))
        if not known:
            message = f"no kubeconfig at {files}; write --kubeconfig FILE or set KUBECONFIG"
            raise UsageError(message)
        if not name:
            raise UsageError(f"{files} has no current context; write --context NAME")
        remedy = did_you_mean(name, known)
        raise UsageError(f"no {kind[:-1]} {name!r} in {files}{remedy}")


def _default_paths() -> list[Path]:
    named = [part for part in os.environ.get("KUBECONFIG", "").split(os.pathsep) if part]
    return [Path(part) for part in named] or [Path.home() / ".kube" / "config"]


def _credentials(user: Mapping[str, Any], context: str) -> dict[str, str]:
    if "exec" in user:
        return _by_plugin(user["exec"], context)
    if "auth-provider" in user or "username" in user:
        way = "auth-provider" if "auth-provider" in user else "username and password"
        message = (
            f"kubeconfig context {context!r} logs in by {way}, which Kubernetes has removed; "
            "use a token, a client certificate or an exec plugin"
        )
        raise UsageError(message)
    token = str(user.get("token") or "")
    if not token and user.get("tokenFile"):
        token = _read(user, "tokenFile").strip()
    return {
        "token": token,
        "certificate_pem": _pem(user, "client-certificate"),
        "key_pem": _pem(user, "client-key"),
    }


def _by_plugin(plugin: Mapping[str, Any], context: str) -> dict[str, str]:
    """Ask a credential plugin (client.authentication.k8s.io), as kubectl does."""
    command = [str(plugin.get("command", "")), *map(str, plugin.get("args") or ())]
    environment = {item["name"]: str(item["value"]) for item in plugin.get("env") or ()}
    info = {
        "apiVersion": plugin.get("apiVersion"),
        "kind": "ExecCredential",
        "spec": {"interactive": False},
    }
    environment["KUBERNETES_EXEC_INFO"] = json.dumps(info)
    try:
        answer = subprocess.run(
            command,
            env={**os.environ, **environment},
            capture_output=True,
            timeout=_EXEC_SECONDS,
            check=True,
        )
        status = json.loads(answer.stdout)["status"]
    except (OSError, subprocess.SubprocessError, ValueError, KeyError) as error:
        said = getattr(error, "stderr", b"") or b""
        message = f"kubeconfig context {context!r}: {command[0]!r} gave no credentials: {error}"
        raise UsageError(f"{message} {said.decode(errors='replace').strip()}".rstrip()) from None
    return {
        "token": str(status.get("token") or ""),
        "certificate_pem": str(status.get("clientCertificateData") or ""),
        "key_pem": str(status.get("clientKeyData") or ""),
    }


def _pem(entry: Mapping[str, Any], name: str) -> str:
    """`NAME-data`, or what the file `NAME` has; empty when there is neither."""
    data = entry.get(f"{name}-data")
    if data:
        try:
            return base64.b64decode(str(data), validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            raise UsageError(f"kubeconfig: {name}-data is not base64 of PEM") from None
    return _read(entry, name) if entry.get(name) else ""


def _read(entry: Mapping[str, Any], name: str) -> str:
    path = Path(str(entry[""])) / str(entry[name])
    try:
        return path.read_text()
    except OSError as error:
        raise UsageError(f"kubeconfig: {name} {path} cannot be read: {error.strerror}") from None


def _encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
