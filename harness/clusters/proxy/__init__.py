"""A reverse proxy between a subject and a real API server, where faults can stand in the way.

    subject > TLS, token > `protocol` > `gateway`: responding( received( `upstream` )) > API server
    subject < events through delivering < `watching` < stream of the watch

What belongs here: HTTP on both sides, whose token is whose, and the fault points that can be seen
from outside: received, responding, delivering. What does not: which version whose write made (that
is `authorship`), and any knowledge of what objects mean.
"""

from .admission import Admission, Caller, Line
from .gateway import Gateway
from .listening import Proxy, proxy_to
from .place import ProxyPlace, reserved_place

__all__ = [
    "Admission",
    "Caller",
    "Gateway",
    "Line",
    "Proxy",
    "ProxyPlace",
    "proxy_to",
    "reserved_place",
]
