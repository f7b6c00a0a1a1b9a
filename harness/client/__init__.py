"""How this project itself talks to an API server: one client, over any transport.

What belongs here: addressing resources, the verbs, watching with re-list, and transports (direct
into the simulated server, HTTP to a real one). Controllers, faults, oracles and the runner use it.
What does not: anything about a subject; it brings its own client.
"""

from .client import Client
from .resources import KindRef, ResourceRef
from .watching import Informer

__all__ = ["Client", "Informer", "KindRef", "ResourceRef"]
