"""An operator that ends in the ways of its environment variable `FAIL`."""

import asyncio
import os
import sys
from typing import Any

import kopf

FAIL = os.environ["FAIL"]

if FAIL == "import":
    raise RuntimeError("cannot even be imported")


@kopf.on.startup()
async def start(**_: Any) -> None:
    if FAIL == "startup":
        raise kopf.PermanentError("no startup today")
    loop = asyncio.get_running_loop()
    if FAIL == "exit":
        loop.call_later(5, sys.exit, 3)
    if FAIL == "unhandled":
        loop.call_later(5, _fail)
    if FAIL == "print":
        print("a line on standard output")


def _fail() -> None:
    raise RuntimeError("nobody handles me")


@kopf.on.login()
def login(**arguments: Any) -> kopf.ConnectionInfo | None:
    return kopf.login_with_service_account(**arguments)


@kopf.on.event("v1", "configmaps")
def look(**_: Any) -> None:
    pass
