"""Where the simulated server is known to answer otherwise than the real one.

Each entry is an xfail (strict) of the conformance tests: when the difference goes, its test fails
until the entry goes too. `harness/apiserver/__init__.py` lists the same for readers.
"""

from __future__ import annotations

#: From a sequence's id to what differs, in one sentence.
KNOWN_DIFFERENCES: dict[str, str] = {}
