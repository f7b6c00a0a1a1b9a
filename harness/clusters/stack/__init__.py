"""Provisioning a real cluster by a project's own Pulumi program, with a real `pulumi up`.

    StackProgram ─▶ Stack ─▶ child process (`driver.py`) ─▶ pulumi ─▶ Kubernetes plugin ─▶ cluster
                     ▲                 │ one line a message
                     └── changes, outputs, errors

The engine talks gRPC to the program, and gRPC's threads do not survive a fork; the harness forks
its runs. So pulumi and the program live in a process of their own for each operation, and nothing
here imports pulumi but `driver.py`.

Belongs here: engine, plugin, state, configuration of a stack. Does not: what is in a stack, and
which cluster it goes to.
"""

from .changes import Change
from .plugin import Plugin, choose_plugin
from .program import StackProgram, stack_program
from .provisioning import Stack, preview, provisioned
from .requirements import missing_for_stack

__all__ = [
    "Change",
    "Plugin",
    "Stack",
    "StackProgram",
    "choose_plugin",
    "missing_for_stack",
    "preview",
    "provisioned",
    "stack_program",
]
