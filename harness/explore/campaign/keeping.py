"""A finding at its end: saved as a trial, as a scenario where it can be one, and told."""

from __future__ import annotations

from pathlib import Path

from ..saving import FOLDER, save_finding
from ..scenario_saving import save_scenario, scenario_line
from .plan import CampaignPlan
from .shrinking import Shrunk
from .telling import finding_text


def kept(plan: CampaignPlan, found: Shrunk, folder: Path = FOLDER) -> str:
    """Save a finding; the text that tells of it and of its files.

    Args:
        plan: Of the search.
        found: As small as it got.
        folder: Where files go.
    """
    operations, seed = found.example.operations, found.example.seed
    file = save_finding(found.finding, operations, seed=seed, source=plan.source, folder=folder)
    return finding_text(found, file, scenario_of(plan, found, folder))


def scenario_of(plan: CampaignPlan, found: Shrunk, folder: Path) -> str:
    """Save a finding as a scenario; the line that runs it, empty where it cannot be one."""
    file = save_scenario(
        found.finding,
        found.example.operations,
        found.facts,
        target=plan.target,
        seed=found.example.seed,
        source=plan.source,
        folder=folder,
    )
    return scenario_line(file, plan.source) if file is not None else ""
