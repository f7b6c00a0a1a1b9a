"""A stack on a cluster: up, look, refresh, destroy; and the context that leaves nothing behind.

State, configuration, logs and Pulumi's own files are in one folder of the run, so nothing needs a
login, and a stack whose run was killed can still be destroyed from there. The cluster is the one
of the kubeconfig that is given; KUBECONFIG and the user's contexts are out of reach.
"""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from harness.errors import UsageError

from .changes import Change
from .conversation import Outcome, Tell, converse
from .engine import missing_engine
from .plugin import Plugin, plugins_folder
from .program import StackProgram

NO_CLUSTER = "no cluster"
"""In the place of a kubeconfig: a stack that can only be previewed."""

_KUBECONFIG = "kubernetes:kubeconfig"
#: In this mode Pulumi's plugin writes manifests and asks no cluster; a preview writes nothing.
_RENDER = "kubernetes:renderYamlToDirectory"
_SECONDS = 900.0
_LOOPBACK = "127.0.0.1,localhost,::1"


class Stack:
    """One stack on one cluster.

    Args:
        program: What to provision.
        folder: The run's; state, configuration and logs are kept there.
        kubeconfig: The text of a kubeconfig, whose current context is the cluster.
        plugin: From `choose_plugin`.
        seconds: How long one operation may take.
        tell: Called with each line of progress.

    Raises:
        UsageError: No kubeconfig is given, or the engine is not there.
    """

    def __init__(
        self,
        program: StackProgram,
        folder: Path,
        *,
        kubeconfig: str,
        plugin: Plugin,
        seconds: float = _SECONDS,
        tell: Tell = lambda line: None,
    ) -> None:
        if missing := missing_engine():
            raise UsageError(missing)
        if not kubeconfig.strip():
            raise UsageError("a stack needs a kubeconfig: pass its text, not an empty string")
        self._program = program
        self._folder = folder.resolve()
        self._plugin = plugin
        self._seconds = seconds
        self._tell = tell
        # This lets an update take over fields that somebody else changed: drift is repaired.
        self._config = {"kubernetes:enablePatchForce": "true"}
        self._secrets = {_KUBECONFIG: kubeconfig}
        if kubeconfig == NO_CLUSTER:
            self._config, self._secrets = {_RENDER: str(self._folder / "rendered")}, {}

    def up(self, config: Mapping[str, str] | None = None) -> dict[str, Any]:
        """Make the cluster what the program says; the stack's outputs.

        Raises:
            InfrastructureError: It failed; what was made until then is in the state.
        """
        outputs: dict[str, Any] = self._carry_out("up", config).result
        return outputs

    def preview(self, config: Mapping[str, str] | None = None) -> list[Change]:
        """What `up` would change.

        Raises:
            InfrastructureError: The program or the plugin failed.
        """
        return self._carry_out("preview", config).changes

    def refresh(self) -> list[Change]:
        """Compare the state with the cluster: what somebody else changed or deleted since.

        Raises:
            InfrastructureError: The cluster does not answer.
        """
        return self._carry_out("refresh").changes

    def outputs(self) -> dict[str, Any]:
        """The outputs of the last `up`; none before and after."""
        outputs: dict[str, Any] = self._carry_out("outputs").result
        return outputs

    def destroy(self) -> list[Change]:
        """Delete what the stack made, and wait until it is gone.

        Raises:
            InfrastructureError: Something does not go away.
        """
        return self._carry_out("destroy").changes

    def _carry_out(self, operation: str, config: Mapping[str, str] | None = None) -> Outcome:
        work, state = self._folder / "project", self._folder / "state"
        for folder in (self._folder, work, state):
            folder.mkdir(parents=True, exist_ok=True)
        self._folder.chmod(0o700)  # the state holds the kubeconfig
        request = {
            "operation": operation,
            "program": str(self._program.folder),
            "project": self._program.project,
            "stack": self._program.name,
            "work": str(work),
            "state": str(state),
            "config": {**self._program.config, **(config or {}), **self._config},
            "secrets": self._secrets,
            "environment": self._environment(state),
        }
        logs = self._folder / "logs"
        return converse(request, logs, seconds=self._seconds, tell=self._tell)

    def _environment(self, state: Path) -> dict[str, str]:
        """What keeps Pulumi to the run's folder, and to the plugin that was chosen."""
        plugin = [str(self._plugin.folder)] if self._plugin.folder else []
        path = [*plugin, str(Path(sys.executable).parent), os.environ.get("PATH", "")]
        no_proxy = os.environ.get("NO_PROXY") or os.environ.get("no_proxy") or ""
        around = ",".join(part for part in (no_proxy, _LOOPBACK) if part)
        return {
            "KUBECONFIG": os.devnull,
            "NO_PROXY": around,
            "no_proxy": around,
            "PATH": os.pathsep.join(path),
            "PULUMI_BACKEND_URL": state.as_uri(),
            "PULUMI_CONFIG_PASSPHRASE": "",
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
            "PULUMI_HOME": str(self._home()),
            "PULUMI_SKIP_UPDATE_CHECK": "true",
        }

    def _home(self) -> Path:
        """Pulumi's own files, in the run's folder; the user's plugins are seen from there."""
        home = self._folder / "home"
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        link, plugins = home / "plugins", plugins_folder()
        if plugins.is_dir() and not link.exists():
            link.symlink_to(plugins.resolve(), target_is_directory=True)
        return home


@contextlib.contextmanager
def provisioned(
    program: StackProgram,
    folder: Path,
    *,
    kubeconfig: str,
    plugin: Plugin,
    config: Mapping[str, str] | None = None,
    keep: bool = False,
    tell: Tell = lambda line: None,
) -> Iterator[Stack]:
    """A stack that is up; it is destroyed in the end, also when `up` failed or was interrupted.

    Args:
        program: What to provision.
        folder: The run's, see `Stack`.
        kubeconfig: The text of a kubeconfig.
        plugin: From `choose_plugin`.
        config: More configuration of the program.
        keep: Leave it, for a cluster that is thrown away as a whole.
        tell: Called with each line of progress.

    Raises:
        InfrastructureError: It does not come up, or does not go away.
    """
    tell(f"pulumi up: {program.folder} by {plugin.description}")
    stack = Stack(program, folder, kubeconfig=kubeconfig, plugin=plugin, tell=tell)
    try:
        stack.up(config)
        yield stack
    finally:
        if not keep:
            tell("pulumi destroy")
            stack.destroy()


def preview(
    program: StackProgram,
    *,
    plugin: Plugin,
    kubeconfig: str = "",
    config: Mapping[str, str] | None = None,
    tell: Tell = lambda line: None,
) -> list[Change]:
    """What a first `up` would make, for `harness plan`; with no kubeconfig without any cluster.

    Raises:
        InfrastructureError: The program or the plugin failed.
    """
    with tempfile.TemporaryDirectory(prefix="operator-harness-preview-") as folder:
        stack = Stack(
            program, Path(folder), kubeconfig=kubeconfig or NO_CLUSTER, plugin=plugin, tell=tell
        )
        return stack.preview(config)
