"""What all workers need is made once, before they are forked: imports, strategies."""

from __future__ import annotations

import importlib

from ..strategies.specs import specs_of
from .plan import CampaignPlan


def warm(plan: CampaignPlan) -> None:
    """Import what the operator stands on, and prepare the strategies.

    The operator's own modules are not among them: each start imports them anew.
    """
    specs_of(plan.target.crd, plan.target.version, plan.hints)
    if plan.target.in_real_time:
        return
    for name in ("kopf", "aiohttp", "kubernetes.aio.client"):
        try:
            importlib.import_module(name)
        except ImportError:
            continue
