"""Where kopf and the operator meet: `kopf run --module aiservice_operator.handlers
--all-namespaces --standalone`.

kopf gives the process: login, the watch of AIServices that survives everything, the liveness
endpoint, signals, logs. It gives no state: there are only `on.event` handlers, which leave
neither finalizers nor annotations behind, and which do nothing but note what was seen. All work
is done from the queue (`controller`), because kopf never repeats an event handler that failed.

Peering is off: several replicas may run, for applying the same thing twice is applying it once.
"""

import logging
from collections.abc import Iterator
from typing import Any

import kopf

from aiservice_operator.controller import Controller
from aiservice_operator.kinds import AISERVICE, GROUP, VERSION


class Patience:
    """Back-off without end: an API server that is away for an hour is no reason to exit."""

    def __iter__(self) -> Iterator[float]:
        yield from (0.2, 0.5, 1, 2, 4, 8)
        while True:
            yield 15


@kopf.on.startup()
async def start(memo: kopf.Memo, settings: kopf.OperatorSettings, **_: Any) -> None:
    """Configure kopf and start the controller."""
    settings.posting.enabled = False
    settings.peering.standalone = True
    settings.networking.error_backoffs = Patience()
    settings.networking.connect_timeout = 10
    settings.networking.request_timeout = 30
    # Both would log each event and each probe, which are nothing to act on.
    logging.getLogger("kopf.objects").setLevel(logging.WARNING)
    logging.getLogger("aiohttp.access").setLevel(logging.WARNING)
    memo.controller = Controller()
    memo.controller.start()


@kopf.on.cleanup()
async def stop(memo: kopf.Memo, **_: Any) -> None:
    """Stop the controller."""
    await memo.controller.stop()


@kopf.on.login()
def login(**arguments: Any) -> kopf.ConnectionInfo | None:
    """Credentials as a pod has them, else as a desk has them (KUBECONFIG)."""
    in_cluster = kopf.login_with_service_account(**arguments)
    return in_cluster or kopf.login_with_kubeconfig(**arguments)


@kopf.on.event(GROUP, VERSION, AISERVICE.plural)
async def observe(event: kopf.RawEvent, memo: kopf.Memo, **_: Any) -> None:
    """Something about a service changed: remember it and look."""
    memo.controller.observe(event["type"], dict(event["object"]))


@kopf.on.probe(id="queue")
async def health(memo: kopf.Memo, **_: Any) -> dict[str, int]:
    """The answer of the liveness endpoint."""
    return dict(memo.controller.health())
