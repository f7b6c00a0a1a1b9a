"""The hash seed of every run; part of the plan, and known before anything else is imported."""

from __future__ import annotations

HASH_SEED = 0
