"""What campaigns remember: findings in the `.hypothesis` example database, tried first next time.

Kept are documents, not choices: a change of the strategies, or of what is steered, would give the
same choices another meaning, and the finding would be lost. `ExampleDatabase` keeps bytes under a
key and does not mind.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import orjson
from hypothesis import settings
from hypothesis.database import DirectoryBasedExampleDatabase, ExampleDatabase

from harness.errors import FormatError

from ..documents import operations_document, operations_of
from ..target import Target
from .drawing import Example

#: Where Hypothesis keeps examples of tests, too.
FOLDER = ".hypothesis/examples"


class Memory:
    """Examples with findings, for one target.

    Args:
        target: Whose examples.
        database: Where; that of the current Hypothesis settings when nothing is said, and `FOLDER`
            where these have none, as in CI: somebody who caches that folder there means it.
    """

    def __init__(self, target: Target, database: ExampleDatabase | None = None) -> None:
        names = target.crd["spec"]["names"]
        subjects = ",".join(spec.module or " ".join(spec.command) for spec in target.subjects)
        key = f"operator-harness fuzz {names['kind']}.{target.resource.group} {subjects}"
        self._key = key.encode()
        self._database = database or settings().database or DirectoryBasedExampleDatabase(FOLDER)

    def examples(self) -> Iterator[Example]:
        """What was kept, in a fixed order; what cannot be read any more is forgotten."""
        for value in sorted(self._database.fetch(self._key)):
            try:
                document = orjson.loads(value)
                yield Example(operations_of(document), int(document["seed"]))
            except (FormatError, ValueError, KeyError):
                self._database.delete(self._key, value)

    def keep(self, examples: Iterable[Example]) -> None:
        """Keep these and no others."""
        wanted = {_document(example): None for example in examples}
        for value in list(self._database.fetch(self._key)):
            if value not in wanted:
                self._database.delete(self._key, value)
        for value in wanted:
            self._database.save(self._key, value)


def _document(example: Example) -> bytes:
    return orjson.dumps(operations_document(example.operations, seed=example.seed))
