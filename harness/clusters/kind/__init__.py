"""A real kind cluster: Docker containers that are nodes, started by pytest-kind.

    missing? > create or reuse > nodes Ready > images built and loaded > cases > delete, or keep

What belongs here: everything that is asked of the programs `docker`, `kind` and `kubectl`, each as
a list of arguments. What does not: the API of the cluster (that is `client`), what runs on it, and
starting a Docker daemon, which is the user's.
"""

from .cluster import KindHandle, gateway_address, kind_cluster
from .images import ImageBuild, build_images, given_base_image, load_images
from .leftovers import KindRecord, delete_leftover, leftover_kind_clusters
from .nodes import KindNodes, heal_nodes
from .options import KindOptions, missing_for_kind
from .pod_route import PodRoute, pod_route

__all__ = [
    "ImageBuild",
    "KindHandle",
    "KindNodes",
    "KindOptions",
    "KindRecord",
    "PodRoute",
    "build_images",
    "delete_leftover",
    "gateway_address",
    "given_base_image",
    "heal_nodes",
    "kind_cluster",
    "leftover_kind_clusters",
    "load_images",
    "missing_for_kind",
    "pod_route",
]
