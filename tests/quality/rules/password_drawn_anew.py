"""Bug: a password is drawn in each reconcile, though it is there already."""

from __future__ import annotations

import secrets  # noqa: TID251 - an operator draws where it likes

from tests.subjects.pages import handlers

_keep = handlers.keep
PATH = "/api/v1/namespaces/{}/secrets/{}"


async def keep(page: handlers.Object) -> None:
    """As ever, and a Secret."""
    await _keep(page)
    metadata = handlers.metadata_of(page, "password")
    document = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": metadata,
        "stringData": {"password": secrets.token_hex()},
    }
    await handlers.call("PATCH", PATH.format(metadata["namespace"], "password"), document)


vars(handlers).update(keep=keep)
