"""The kubelet: pods as data or as programs, on nodes that are data too.

`behaviours.py` says what containers do, `containers.py` is the state machine of one, `pod.py` of a
pod, `status.py` writes it down as upstream does, `executions.py` and `running.py` are what runs,
`probes.py` asks programs, `environment.py` is what they find, `factory.py` makes
containers, `kubelet.py` is the loop of one node,
`node.py` registers the node and its heartbeats.
"""

from .behaviours import BehaviourRule, Behaviours, PodBehaviour, PodSelector
from .factory import PodServices
from .kubelet import Kubelet, NodeAddress

__all__ = [
    "BehaviourRule",
    "Behaviours",
    "Kubelet",
    "NodeAddress",
    "PodBehaviour",
    "PodSelector",
    "PodServices",
]
