"""Which clusters may be broken without being asked twice: those that look disposable.

    context > says it is serious? no > on this machine, by address or by name? no > --allow-context

A harness that breaks things on purpose must not do so because somebody's current context happened
to be production. So a context is refused unless its API server is on loopback or its name is one
that the tools for local clusters give. Tunnels end on loopback too: whatever calls itself
production or staging is refused there as well. Naming the context, word for word, permits it.
"""

from __future__ import annotations

import fnmatch
import ipaddress
import re
from collections.abc import Sequence
from urllib.parse import urlsplit

from harness.errors import UsageError

#: What kind, k3d, minikube, Docker and Rancher Desktop, Colima and OrbStack call theirs.
LOCAL_NAMES = (
    "kind-*",
    "k3d-*",
    "minikube",
    "docker-desktop",
    "docker-for-desktop",
    "rancher-desktop",
    "colima",
    "colima-*",
    "orbstack",
)
#: Words in a context's name that no disposable cluster should have.
SERIOUS_WORDS = frozenset({"prod", "production", "prd", "live", "stage", "staging", "stg"})
_LOCAL_HOSTS = frozenset({"localhost", "kubernetes.docker.internal"})


def check_context(name: str, server_url: str, allowed: Sequence[str]) -> None:
    """Refuse a cluster that does not look disposable.

    Args:
        name: Of the kubeconfig's context.
        server_url: Where it leads.
        allowed: Contexts that the user has named with `--allow-context`.

    Raises:
        UsageError: Why it is refused, and what to write if it is meant.
    """
    if name in allowed or not (reason := why_not_disposable(name, server_url)):
        return
    named = f"; --allow-context names {', '.join(map(repr, allowed))}, not this one"
    raise UsageError(
        f"context {name!r} ({server_url}) does not look disposable: {reason}"
        f"{named if allowed else ''}. Things are broken there on purpose; if that is what you "
        f"want, write --allow-context {name}"
    )


def why_not_disposable(name: str, server_url: str) -> str:
    """Why a context does not look disposable; empty when it does."""
    serious = sorted(SERIOUS_WORDS & set(re.split(r"[^a-z]+", name.lower())))
    if serious:
        return f"its name says {serious[0]!r}"
    if _is_loopback(server_url) or any(fnmatch.fnmatchcase(name, each) for each in LOCAL_NAMES):
        return ""
    return f"its server is not on this machine, and its name is none of {', '.join(LOCAL_NAMES)}"


def _is_loopback(server_url: str) -> bool:
    host = (urlsplit(server_url).hostname or "").rstrip(".")
    if host in _LOCAL_HOSTS or host.endswith(".localhost"):
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified  # k3d writes 0.0.0.0
