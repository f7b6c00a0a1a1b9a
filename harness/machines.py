"""A Hypothesis state machine for any operator, from its CRD and the way to start it.

    TestMyOperator = machines.operator_machine("crd.yaml", "my_operator.handlers").TestCase

See `harness.explore.machine` for what its steps are.
"""

from __future__ import annotations

from .explore.machine import OperatorFailed, OperatorMachine, operator_machine
from .explore.target import Target

__all__ = ["OperatorFailed", "OperatorMachine", "Target", "operator_machine"]
