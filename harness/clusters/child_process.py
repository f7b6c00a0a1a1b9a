"""A subject as a child process: it finds the API through the proxy, by a kubeconfig.

A kopf module is run by `kopf run`, so that one scenario runs in process on a simulated cluster and
as a process on a real one.
"""

from __future__ import annotations

import asyncio
import dataclasses
import os
import sys
from typing import TYPE_CHECKING

from harness.client import Client
from harness.client.resources import SERVICE_ACCOUNTS
from harness.subjects import kopf_program
from harness.subjects.command import CommandSubject
from harness.subjects.spec import SubjectSpec

from .proxy import Caller
from .tokens import service_account_token

if TYPE_CHECKING:
    from .real import RealCluster

_WAIT_SECONDS = 0.1
_WAITS_MAX = 600


async def child_process(cluster: RealCluster, spec: SubjectSpec) -> CommandSubject:
    """A subject that has not been started, as its ServiceAccount or else as ourselves."""
    spec = as_command(spec)
    user, token = "harness", ""
    if spec.service_account:
        await _account_is_there(cluster.client, spec)
        token = await service_account_token(cluster.client, spec.service_account, spec.namespace)
        user = f"system:serviceaccount:{spec.namespace}:{spec.service_account}"
    caller = Caller(spec.actor, user, token)
    endpoint = cluster.proxy.endpoint_for(caller, spec.namespace)
    return CommandSubject(spec, recorder=cluster.recorder, endpoint=endpoint)


async def _account_is_there(client: Client, spec: SubjectSpec) -> None:
    """A namespace's `default` account comes a moment after the namespace."""
    for _ in range(_WAITS_MAX):
        account = await client.find(SERVICE_ACCOUNTS, spec.service_account, spec.namespace)
        if account is not None or spec.service_account != "default":
            return
        await asyncio.sleep(_WAIT_SECONDS)


def as_command(spec: SubjectSpec) -> SubjectSpec:
    """A subject that is a kopf module, as the command `kopf run`; others as they are.

    Probes are left out: nobody asks them here, and their port may be taken.
    """
    if spec.command:
        return spec
    line = kopf_program.arguments(dataclasses.replace(spec, liveness=""))
    command = (sys.executable, "-m", "kopf", "run", *line)
    # It finds the modules that this process finds, wherever those come from.
    env = {"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), **spec.env}
    return dataclasses.replace(spec, module="", command=command, args=(), env=env)
