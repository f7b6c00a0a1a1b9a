"""What a step's `do` does, action by action, through the API as a user of the cluster would.

An action that fails is an error of the scenario, not of the subject; one that must be refused and
is accepted is a finding.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from harness.apiserver.requests import Object
from harness.apiserver.status import ApiError
from harness.client import Client, KindRef, ResourceRef
from harness.client.client import JSON_PATCH, MERGE_PATCH
from harness.clusters.selection import resolve
from harness.clusters.state import is_terminating
from harness.errors import HarnessError, UsageError
from harness.oracle.view import View
from harness.simulation.clock import Clock
from harness.vocabulary import ObjectReference

from .actions import Action, Apply, Delete, Patch, Scale, Script, Wait
from .loader import Case

#: Who acts, in the journal and as field manager.
ACTOR = "scenario"
_REFUSALS = (400, 403, 422)


class NotRefused(HarnessError):
    """What must be refused was accepted."""


class ActionFailed(HarnessError):
    """An action of the scenario could not be carried out."""


@dataclass(slots=True)
class Surroundings:
    """What actions use. `until` waits for a condition on the state, looked at on each change."""

    case: Case
    client: Client
    clock: Clock
    view: View
    until: Callable[[Callable[[], bool]], Awaitable[None]]
    allow_custom: bool = False
    in_real_time: bool = False


async def perform(action: Action, around: Surroundings) -> None:
    """Carry one action out.

    Raises:
        NotRefused: It was accepted although `refused` is written.
        ActionFailed: The API refused it, or what it names does not exist.
    """
    chosen = action.chosen
    try:
        if isinstance(chosen, Apply):
            await _apply(chosen, around)
        elif isinstance(chosen, Patch):
            await _patch(chosen, around)
        elif isinstance(chosen, Delete):
            await _delete(chosen, around)
        elif isinstance(chosen, Scale):
            await _scale(chosen, around)
        elif isinstance(chosen, Wait):
            await around.clock.sleep(chosen.for_)
        else:
            await _script(chosen, around)
    except (ApiError, LookupError) as error:
        raise ActionFailed(f"{_name_of(chosen)}: {error}") from error


def _name_of(action: Any) -> str:
    name = type(action).__name__.lower()
    target = getattr(action, "object", None) or getattr(action, "file", None)
    return f"{name} {target}" if isinstance(target, str) else name


async def _apply(action: Apply, around: Surroundings) -> None:
    documents = [action.object] if action.object is not None else []
    if action.file is not None:
        documents = around.case.manifests(action.file)
    for document in documents:
        name = f"{document.get('kind')}/{(document.get('metadata') or {}).get('name')}"
        sending = around.client.apply(document, manager=ACTOR, namespace=around.case.namespace)
        await _expecting(action.refused, f"apply {name}", sending)


async def _patch(action: Patch, around: Surroundings) -> None:
    reference, resource = await _locate(action.object, around)
    patch = (action.merge, MERGE_PATCH) if action.merge is not None else (action.json_, JSON_PATCH)
    sending = around.client.patch(
        resource,
        reference.name,
        around.case.namespace,
        document=patch[0],
        content_type=patch[1],
        subresource=action.subresource,
    )
    await _expecting(action.refused, f"patch {reference}", sending)


async def _expecting(refused: bool, what: str, sending: Awaitable[Object]) -> None:
    """Send a write that must be accepted, or must be refused."""
    try:
        await sending
    except ApiError as error:
        if refused and error.code in _REFUSALS:
            return
        raise
    if refused:
        raise NotRefused(f"{what} was accepted, but must be refused")


async def _delete(action: Delete, around: Surroundings) -> None:
    reference = resolve(action.object, around.view.names)
    document = around.view.state.find(reference, around.case.namespace)
    if document is None:
        return
    resource = await around.client.resource(KindRef(document["apiVersion"], document["kind"]))
    try:
        await around.client.delete(
            resource, reference.name, around.case.namespace, propagation=action.propagation
        )
    except ApiError as error:
        if error.code != 404:
            raise
    if action.wait:
        uid = document["metadata"]["uid"]
        await around.until(lambda: around.view.state.by_uid(uid) is None)


async def _scale(action: Scale, around: Surroundings) -> None:
    reference, resource = await _locate(action.object, around)
    await around.client.patch(
        resource,
        reference.name,
        around.case.namespace,
        document={"spec": {"replicas": action.replicas}},
        subresource="scale",
    )


async def _script(action: Script, around: Surroundings) -> None:
    if not around.allow_custom:
        raise UsageError(f"script runs {action.command[0]!r}; --allow-custom permits that")
    if not around.in_real_time:
        raise UsageError("script runs a program in real time; sim has only virtual time")
    process = await asyncio.create_subprocess_exec(
        *action.command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    try:
        async with asyncio.timeout(action.timeout):
            output, _ = await process.communicate()
    except TimeoutError:
        process.kill()
        await process.wait()
        raise ActionFailed(f"script {action.command[0]} ran longer than its timeout") from None
    if process.returncode:
        text = output.decode(errors="replace").strip()
        raise ActionFailed(f"script {action.command[0]} exited with {process.returncode}: {text}")


async def _locate(name: str, around: Surroundings) -> tuple[ObjectReference, ResourceRef]:
    """The object that an action names, which must exist, and where it is served."""
    reference = resolve(name, around.view.names)
    document = around.view.state.find(reference, around.case.namespace)
    if document is None or is_terminating(document):
        raise LookupError(f"{reference} does not exist in namespace {around.case.namespace}")
    kind = KindRef(document["apiVersion"], document["kind"])
    return reference, await around.client.resource(kind)
