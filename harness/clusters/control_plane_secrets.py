"""Keys, certificates and tokens of a control plane, made for it alone.

ca.pem       its authority          sa.key, sa.pub   sign ServiceAccount tokens
api.pem      kube-apiserver's own   tokens.csv       users by token
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import trustme
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from harness.apiserver.serving import LOOPBACK

_SERVICE_ADDRESS = "10.96.0.1"


@dataclass(frozen=True)
class User:
    """A user that the API server knows by a token."""

    name: str
    groups: Sequence[str] = ()


def write_secrets(home: Path, authority: trustme.CA, users: Mapping[str, User]) -> None:
    """Write all files; `users` are by their tokens."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    write_private(home / "sa.key", _private_pem(key))
    (home / "sa.pub").write_text(_public_pem(key))
    (home / "ca.pem").write_bytes(authority.cert_pem.bytes())
    served = authority.issue_cert(LOOPBACK, "localhost", _SERVICE_ADDRESS)
    write_private(home / "api.pem", served.private_key_and_cert_chain_pem.bytes().decode())
    lines = [_line_of(token, user) for token, user in users.items()]
    write_private(home / "tokens.csv", "\n".join(lines) + "\n")


def _line_of(token: str, user: User) -> str:
    groups = f',"{",".join(user.groups)}"' if user.groups else ""
    return f"{token},{user.name},{user.name}{groups}"


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner can read, from the first byte on."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)


def _private_pem(key: rsa.RSAPrivateKey) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    ).decode()


def _public_pem(key: rsa.RSAPrivateKey) -> str:
    return (
        key.public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        .decode()
    )
