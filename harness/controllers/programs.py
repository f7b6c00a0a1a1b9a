"""Pod programs: images bound to async Python functions that really serve on the simulated network.

    async def serve(pod: PodContext) -> int | None: ...
    PROGRAM = Program("model-server", images=("*/model-server:*",), main=serve)

The function runs as a simulated process on the pod's own host: `asyncio.start_server`, aiohttp and
sockets listen on the pod's address, other pods are reached by Service names. It ends by returning
an exit code (None is 0) or by raising `SystemExit`; any other exception is exit code 1. SIGTERM
sets `pod.terminating`; a program that does not end in time is killed, and then no `finally` of it
runs, as in life. Programs of installed packages are found by the entry point group
`operator_harness.programs`.

A volume is files by name, and a real directory for those who ask for one (`PodContext.folder`), so
that code which knows only paths runs unmodified. They live as long as in Kubernetes: an emptyDir
with the pod, a persistent volume beyond it; ConfigMaps and Secrets are read when the container
starts.
"""

from __future__ import annotations

import asyncio
import fnmatch
import functools
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path, PurePosixPath

from harness.apiserver.requests import Object
from harness.errors import UsageError

from .disks import Volume

ENTRY_POINTS = "operator_harness.programs"


@dataclass
class PodContext:
    """What a program is given.

    Attributes:
        pod: The pod object, as it was at the start.
        container: The container's part of its spec.
        environment: Its variables, references resolved.
        volumes: Each mounted volume, by mount path: files as bytes, by name.
        address: The pod's address.
        terminating: Set by SIGTERM.
        probe_now: Call it when the answer to a probe has changed (see `Program.steady_probes`).
        log: Writes a line to the container's log.
    """

    pod: Object
    container: Object
    environment: Mapping[str, str]
    volumes: Mapping[str, Volume]
    address: str
    terminating: asyncio.Event
    probe_now: Callable[[], None]
    log: Callable[[str], None]

    @property
    def name(self) -> str:
        """The pod's name."""
        name: str = self.pod["metadata"]["name"]
        return name

    @property
    def namespace(self) -> str:
        """The pod's namespace."""
        namespace: str = self.pod["metadata"]["namespace"]
        return namespace

    def folder(self, path: str) -> Path:
        """The directory that a path of the container stands for, such as `/data/models`.

        Raises:
            UsageError: No volume is mounted there.
        """
        wanted = PurePosixPath(path)
        mounts = sorted(self.volumes, key=len, reverse=True)
        for mount in mounts:
            if wanted.is_relative_to(mount):
                return self.volumes[mount].folder / wanted.relative_to(mount)
        raise UsageError(
            f"{path!r} is on no volume of container {self.container['name']!r}; mounted are: "
            f"{', '.join(sorted(mounts)) or 'none'}. A simulated container has no other files."
        )


Main = Callable[[PodContext], Awaitable[int | None]]


@dataclass(frozen=True)
class Program:
    """An image that is a Python function.

    Attributes:
        name: For people.
        images: Globs of the images that it stands for.
        main: The function.
        steady_probes: Its answers to probes only change when it calls `probe_now` or is restarted.
            Then probing rests once it has settled, and a pod at rest costs nothing. Otherwise each
            probe is asked each period, as in a cluster.
    """

    name: str
    images: tuple[str, ...]
    main: Main
    steady_probes: bool = False


@dataclass
class ProgramRegistry:
    """Programs by image; those registered later come first."""

    programs: list[Program] = field(default_factory=list)

    def add(self, program: Program) -> None:
        """Bind its images from now on."""
        self.programs.insert(0, program)

    def of(self, image: str) -> Program | None:
        """The program that an image stands for."""
        for program in self.programs:
            if any(fnmatch.fnmatchcase(image, glob) for glob in program.images):
                return program
        return None


@functools.cache  # reading the metadata of all packages takes longer than starting a cluster
def installed_programs() -> tuple[Program, ...]:
    """Programs that installed packages offer, sorted by name."""
    found: list[Program] = []
    for entry in sorted(metadata.entry_points(group=ENTRY_POINTS), key=lambda item: item.name):
        loaded = entry.load()
        found.extend([loaded] if isinstance(loaded, Program) else loaded)
    return tuple(found)


def registry(programs: Iterable[Program]) -> ProgramRegistry:
    """A registry of the given programs, the first one first."""
    return ProgramRegistry(list(programs))
