"""A multinomial naive Bayes text classifier that learns one example at a time.

Words are hashed into a fixed number of buckets, so that the state stays bounded whatever is
learned. The same examples in the same order give the same state, on any machine: hashes are
CRC-32, sums run in one order, and ties go to the label that comes first in the alphabet.

See https://en.wikipedia.org/wiki/Naive_Bayes_classifier#Multinomial_na%C3%AFve_Bayes
"""

import math
import re
import zlib
from dataclasses import dataclass, field
from typing import Any

WORD = re.compile(r"\w+")
BUCKETS = 4096
SMOOTHING = 1.0


@dataclass
class Label:
    """What was seen of one label: examples, words, and words by bucket."""

    examples: int = 0
    words: int = 0
    counts: dict[int, int] = field(default_factory=dict)


class Classifier:
    """The model; `learn` and `predict` are its whole behaviour."""

    def __init__(self) -> None:
        self._labels: dict[str, Label] = {}

    @property
    def examples(self) -> int:
        """How many examples were learned."""
        return sum(label.examples for label in self._labels.values())

    def learn(self, text: str, label: str) -> None:
        """Take one example into account."""
        seen = self._labels.setdefault(label, Label())
        seen.examples += 1
        for bucket in _buckets(text):
            seen.words += 1
            seen.counts[bucket] = seen.counts.get(bucket, 0) + 1

    def predict(self, text: str) -> dict[str, float]:
        """The probability of each label, most likely first; empty before anything was learned."""
        if not self._labels:
            return {}
        buckets = _buckets(text)
        scores = {name: self._score(buckets, self._labels[name]) for name in sorted(self._labels)}
        highest = max(scores.values())
        weights = {name: math.exp(score - highest) for name, score in scores.items()}
        total = math.fsum(weights.values())
        ranked = sorted(weights.items(), key=lambda item: (-item[1], item[0]))
        return {name: weight / total for name, weight in ranked}

    def _score(self, buckets: list[int], label: Label) -> float:
        """The logarithm of the label's joint probability with the words, up to a constant."""
        prior = math.log(label.examples / self.examples)
        norm = label.words + SMOOTHING * BUCKETS
        likelihoods = (math.log((label.counts.get(b, 0) + SMOOTHING) / norm) for b in buckets)
        return prior + math.fsum(likelihoods)

    def become(self, other: "Classifier") -> None:
        """Know from now on what the other one knows."""
        self._labels = other._labels

    def dump(self) -> dict[str, Any]:
        """The state as JSON-compatible data, the same for the same state."""
        return {
            name: {
                "examples": label.examples,
                "words": label.words,
                "counts": {str(bucket): label.counts[bucket] for bucket in sorted(label.counts)},
            }
            for name, label in sorted(self._labels.items())
        }

    @classmethod
    def load(cls, state: dict[str, Any]) -> "Classifier":
        """The inverse of `dump`. Raises KeyError, TypeError or ValueError for anything else."""
        model = cls()
        for name, label in state.items():
            counts = {int(bucket): int(count) for bucket, count in label["counts"].items()}
            model._labels[name] = Label(int(label["examples"]), int(label["words"]), counts)
        return model


def _buckets(text: str) -> list[int]:
    return [zlib.crc32(word.encode()) % BUCKETS for word in WORD.findall(text.lower())]
