"""The entry point of `pulumi up`; the program is `stack.py`, where `make manifests` finds it."""

import pulumi
from stack import provision

for name, value in provision().items():
    pulumi.export(name, value)
