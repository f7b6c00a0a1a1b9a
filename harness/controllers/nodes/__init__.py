"""What follows from the state of nodes.

`lifecycle.py` notices nodes that fall silent and taints those that are not well, `eviction.py`
removes pods from tainted nodes when their patience ends, `pod_gc.py` deletes pods whose node is no
more.
"""

from .eviction import TaintEvictionController
from .lifecycle import NodeLifecycleController
from .pod_gc import PodGarbageCollector

__all__ = ["NodeLifecycleController", "PodGarbageCollector", "TaintEvictionController"]
