"""Persistent storage: claims get volumes, volumes are made, grown and taken back.

    binder.py       claim and volume are bound to each other; phases; what a claim waits for
    matching.py     which volume suits which claim
    protection.py   what is used is not deleted (kubernetes.io/pvc-protection, pv-protection)
    provisioner.py  the storage systems of the simulation, and their StorageClasses
    resizer.py      growth of claims, where the class allows it

The first three are parts of kube-controller-manager. The last two are what a cluster brings along:
kind its local-path provisioner, others their CSI drivers.
"""

from .binder import VolumeBinder
from .protection import ClaimProtection, VolumeProtection
from .provisioner import Provisioner
from .resizer import Expander, Resizer

__all__ = [
    "ClaimProtection",
    "Expander",
    "Provisioner",
    "Resizer",
    "VolumeBinder",
    "VolumeProtection",
]
