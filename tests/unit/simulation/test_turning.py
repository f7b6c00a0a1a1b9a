"""A run that goes on with another seed: everything is drawn anew, whoever holds the substream."""

from __future__ import annotations

from harness.simulation.entropy import Entropy


def _drawn(entropy: Entropy) -> tuple[float, str, bytes]:
    return entropy.uniform(0.0, 1.0), entropy.uuid("a"), entropy.digest("a")


def test_after_a_turn_a_substream_is_that_of_the_other_seed() -> None:
    root = Entropy(0)
    held = root.substream("pods", 3)
    held.uniform(0.0, 1.0)
    root.turn(7)
    assert _drawn(held) == _drawn(Entropy(7).substream("pods", 3))
    assert _drawn(held.substream("b")) == _drawn(Entropy(7, "pods", 3, "b"))


def test_a_turn_to_the_same_seed_goes_on_as_before() -> None:
    turned, plain = Entropy(5, "a"), Entropy(5, "a")
    for entropy in (turned, plain):
        entropy.uniform(0.0, 1.0)
    turned.turn(5)
    assert _drawn(turned) == _drawn(plain)


def test_runs_of_other_seeds_are_not_turned() -> None:
    one, other = Entropy(1), Entropy(1)
    one.turn(2)
    assert (one.seed, other.seed) == (2, 1)
    assert other.digest() == Entropy(1).digest()
