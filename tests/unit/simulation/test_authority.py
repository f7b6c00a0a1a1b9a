"""The certificate authority of the simulation is the same in every process."""

from __future__ import annotations

import random

from harness.library.cluster import Cluster
from harness.simulation.tls import Authority, authority


def test_two_authorities_have_one_certificate() -> None:
    """It is published in the cluster and so stands in the journal."""
    assert Authority().pem == Authority().pem


def test_the_run_that_makes_it_draws_what_later_runs_draw() -> None:
    drawn: list[float] = []

    async def draw() -> None:
        drawn.append(random.random())

    authority.cache_clear()
    for _ in range(2):
        Cluster(seed=9).run(draw)
    first, second = drawn
    assert first == second
