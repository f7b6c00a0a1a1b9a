"""Another version of the operator takes over: it ends in good order, and the new one starts.

What the old one has made is still there, made by older rules. The new one must take it over without
making anything twice, and without rolling every workload for nothing.
"""

from __future__ import annotations

from typing import ClassVar, Self

from pydantic import Field, model_validator

from harness.clusters.cluster import UpgradableSubject
from harness.errors import UsageError
from harness.vocabulary import Duration

from .context import CannotInject, FaultContext
from .fault import Injection
from .process import ProcessFault, ProcessInjection


class OperatorUpgrade(ProcessFault):
    """End the operator (SIGTERM) and start another version of it.

    The version stays until the case is over; with `duration` the old one is started again at its
    end, which is a downgrade. `module` and `command` run code that the scenario names, so they need
    `--allow-custom`. An operator that is a Deployment is upgraded by patching that, as ever.
    """

    type: ClassVar[str] = "operatorUpgrade"
    example: ClassVar[str] = """\
- name: upgrade
  operatorUpgrade: {env: {FEATURE_GATES: NewDefaults=true}, downFor: 5s}
"""

    module: str = Field(default="", pattern=r"^[\w.,]*$")
    """The kopf modules of the new version."""
    command: list[str] = []
    """The program of the new version and its arguments, for an operator that is a command."""
    env: dict[str, str] = {}
    """Variables of its environment on top of those that the operator has."""
    down_for: Duration = 0.0
    """How long none of them runs."""

    @model_validator(mode="after")
    def _something_new(self) -> Self:
        if not (self.module or self.command or self.env):
            raise ValueError("nothing would be new; write module, command or env")
        return self

    @property
    def runs_own_code(self) -> bool:
        """With another module or command."""
        return bool(self.module or self.command)

    def prepare(self, context: FaultContext) -> Injection:
        """One upgrade."""
        return Upgrade(self, context)


class Upgrade(ProcessInjection):
    """Ended in good order, then started as another version; seen when the old one has ended."""

    lasts = False
    shown_by = ("stopped", "exited")

    def __init__(self, fault: OperatorUpgrade, context: FaultContext) -> None:
        super().__init__(fault, context)
        if fault.runs_own_code and not context.allow_custom:
            raise UsageError(
                f"fault {context.name} runs {fault.module or fault.command[0]}; "
                "--allow-custom permits that"
            )
        if not isinstance(self.subject, UpgradableSubject):
            raise CannotInject(
                f"fault {context.name}: {self.subject.name} is a Deployment; patch its image"
            )
        self._upgradable: UpgradableSubject = self.subject
        self._fault = fault

    async def act(self) -> None:
        """Stop the old one, wait, and start the new one."""
        fault = self._fault
        await self._replace(fault.module, fault.command, fault.env)

    async def _replace(self, module: str, command: list[str], env: dict[str, str]) -> None:
        await self._upgradable.stop()
        await self.context.clock.sleep(self._fault.down_for)
        self._upgradable.become(module=module, command=command, env=env)
        await self._upgradable.start()

    def undo_description(self) -> str:
        """The old version runs."""
        return f"start the old version of {self.subject.name} again"

    async def undo(self) -> None:
        """Start the version of before."""
        await self._replace("", [], {})
