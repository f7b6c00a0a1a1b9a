"""The garbage collector: dependents go when their owners are gone.

`graph.py` knows who owns whom, over all resources; `collector.py` deletes, and finishes foreground
and orphaning deletions.
"""

from .collector import GarbageCollector

__all__ = ["GarbageCollector"]
