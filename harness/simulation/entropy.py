"""Chance by name: every random draw comes from a named substream of one seed.

A substream is keyed by its path of names, never by the order of its creation. So adding a fault,
a pod or a request shifts no other draw, and identifiers are functions of what they identify.

In the middle of a run `Entropy.turn` gives all substreams another seed: what began in one way goes
on in many, each as if it had begun there.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Sequence
from typing import TypeVar

Item = TypeVar("Item")
Name = str | int

#: The letters that Kubernetes uses for generated names: no vowels, no look-alikes.
_NAME_LETTERS = "bcdfghjklmnpqrstvwxz2456789"


def _tagged(part: Name) -> str:
    """A name with its type, so that 1 and "1" differ, and an end that names do not hold."""
    return f"{type(part).__name__[0]}{part}\x1f"


class _Seed:
    """What all substreams of a run are made from, and how often it was exchanged."""

    __slots__ = ("turns", "value")

    def __init__(self, value: Name) -> None:
        self.value = value
        self.turns = 0


class Entropy:
    """One substream of a seed; `substream` opens others below it.

    Args:
        seed: Any integer or text.
        path: Names that lead from the seed to this substream.
    """

    def __init__(self, seed: Name, *path: Name) -> None:
        self._seed = _Seed(seed)
        self.path = path
        self._begin()

    def _begin(self) -> None:
        self._turns = self._seed.turns
        self._random: random.Random | None = None
        self._prefix = "".join(map(_tagged, (self._seed.value, *self.path)))

    @property
    def seed(self) -> Name:
        """The one of the whole run."""
        return self._seed.value

    def turn(self, seed: Name) -> None:
        """From now on everything of the run is drawn from another seed.

        Generators that were taken out of `stream` before go on as they are. The same seed changes
        nothing.
        """
        if seed != self._seed.value:
            self._seed.value = seed
            self._seed.turns += 1

    def substream(self, *names: Name) -> Entropy:
        """The substream named by `names` below this one; asking twice gives equal streams."""
        below = Entropy.__new__(Entropy)
        below._seed, below.path = self._seed, (*self.path, *names)
        below._begin()
        return below

    def digest(self, *names: Name) -> bytes:
        """32 bytes that are a function of seed, path and names; draws nothing."""
        if self._turns != self._seed.turns:
            self._begin()
        text = self._prefix + "".join(map(_tagged, names))
        return hashlib.blake2b(text[:-1].encode(), digest_size=32).digest()

    def uuid(self, *names: Name) -> str:
        """A version 4 UUID that is a function of seed, path and names."""
        raw = bytearray(self.digest(*names)[:16])
        raw[6] = raw[6] & 0x0F | 0x40  # the version, and below the variant: RFC 9562
        raw[8] = raw[8] & 0x3F | 0x80
        text = raw.hex()
        return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"

    def suffix(self, *names: Name, length: int = 5) -> str:
        """A name suffix as `generateName` appends, a function of seed, path and names."""
        digest = self.digest(*names)
        return "".join(_NAME_LETTERS[byte % len(_NAME_LETTERS)] for byte in digest[:length])

    @property
    def stream(self) -> random.Random:
        """The generator of this substream: drawn in sequence, for one user only."""
        if self._random is None or self._turns != self._seed.turns:
            seed = self.digest()
            self._random = random.Random(seed)
        return self._random

    def uniform(self, low: float, high: float) -> float:
        """The next draw from `low..high`."""
        return self.stream.uniform(low, high)

    def choice(self, items: Sequence[Item]) -> Item:
        """The next draw of one of `items`; they must be in a deterministic order."""
        return self.stream.choice(items)

    def token(self, *names: Name, length: int = 32) -> str:
        """A hexadecimal token, a function of seed, path and names."""
        return hashlib.shake_128(self.digest(*names)).hexdigest(length // 2)
