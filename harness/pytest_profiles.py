"""Hypothesis profiles for tests of operators: `pytest --hypothesis-profile=nightly`.

    dev       few examples, for the next minute
    ci        more, the same ones each time
    nightly   many, others each time

In all of them deadlines are off, because time is virtual and a trial takes as long as it takes, and
the health checks that would complain of that are quiet. A profile of that name that the user has
registered stays.
"""

from __future__ import annotations

import sys
from typing import Any

import pytest

NAMES = ("dev", "ci", "nightly")


def register_profiles(config: pytest.Config) -> None:
    """Register them if Hypothesis is installed, and asked for a profile or imported already.

    Otherwise nobody can use them, and the import costs more than all of this plugin.
    """
    chosen = config.getoption("--hypothesis-profile", None)
    if chosen is None and "hypothesis" not in sys.modules:
        return
    try:
        from hypothesis import HealthCheck, settings
        from hypothesis.errors import InvalidArgument
    except ModuleNotFoundError:
        return
    quiet: dict[str, Any] = {
        "deadline": None,
        "suppress_health_check": [
            HealthCheck.too_slow,
            HealthCheck.data_too_large,
            HealthCheck.filter_too_much,
            HealthCheck.large_base_example,
        ],
    }
    profiles: dict[str, dict[str, Any]] = {
        "dev": {"max_examples": 20},
        "ci": {"max_examples": 100, "derandomize": True, "database": None, "print_blob": True},
        "nightly": {"max_examples": 2000, "print_blob": True},
    }
    for name in NAMES:
        try:
            known = settings.get_profile(name)
        except InvalidArgument:
            known = None
        if known is None or (name == "ci" and _is_of_hypothesis(known)):
            settings.register_profile(name, **quiet, **profiles[name])


def _is_of_hypothesis(profile: Any) -> bool:
    """Whether a profile `ci` is the one that Hypothesis brings itself."""
    return (profile.max_examples, profile.derandomize, profile.database) == (100, True, None)
