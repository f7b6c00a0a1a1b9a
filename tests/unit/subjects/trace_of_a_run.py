"""Prints the hash of everything that happens in one run: `python -m ... SEED`.

Two subjects, one of them blocking, a crash, a restart, threads, TLS, requests and answers: all
that could differ between two processes that do the same.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import sys

from tests.unit.subjects.subject_world import SubjectWorld, simulate


async def live(here: SubjectWorld) -> str:
    """A busy life of two subjects; returns the journal as text."""
    await here.create("notes")
    first = here.subject("remembering", fresh_modules=["tests.subjects.metrics_library"])
    second = here.subject("synchronous", name="second")
    await first.start()
    await second.start()
    for number in range(5):
        await here.create(f"item-{number}", work="yes", slow="yes")
    await here.until(25)
    first.crash()
    await here.until(30)
    await first.start()
    await here.until(300)
    await first.stop()
    records = [dataclasses.asdict(record) for record in here.world.recorder.records]
    return "\n".join(json.dumps(record, sort_keys=True) for record in records)


if __name__ == "__main__":
    journal = simulate(live, seed=int(sys.argv[1]))
    if len(sys.argv) > 2:
        sys.stdout.write(journal + "\n")
    sys.stdout.write(hashlib.sha256(journal.encode()).hexdigest() + "\n")
