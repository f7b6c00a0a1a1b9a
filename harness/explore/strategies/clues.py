"""What CEL rules tell about the values that they name.

A random integer hardly ever equals the `8080` of a rule, and a random text hardly ever matches its
regular expression. So the constants of a rule are collected, and given to the generators of the
fields that the rule reads. It is no proof: whether a rule holds is judged by the rule.

    self.port != 8080 || size(self.name) <= 40 && self.path.matches('^/')
      spec.port: values 8080;  spec.name: sizes 40;  spec.path: patterns ^/
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Clues:
    """What is known of the values at one place of a schema."""

    values: list[Any] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    patterns: list[str] = field(default_factory=list)


NO_CLUES = Clues()
