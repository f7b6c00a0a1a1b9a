"""What the Jobs of an AIService run: save all replicas' states as one archive, or bring one back.

`python -m model_server.backup` and `python -m model_server.restore`, by these variables:

ARCHIVE       name of the archive
REPLICAS      how many replicas there are
REPLICA_URL   where each is, with `{ordinal}` for its number
BACKUPS_PATH  the folder of the archives
KEEP          how many archives of a schedule are kept (backup)

A replica that does not answer is asked again for a minute; a Job that gives up ends with exit code
1, and Kubernetes tries it again. Both may run twice: a second backup of one name changes nothing, a
second restore writes the same again.
"""

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path

import aiohttp

from model_server import archives

TRIES = 20
PAUSE_SECONDS = 3.0
TIMEOUT = aiohttp.ClientTimeout(total=30)

Log = Callable[[str], None]
Environment = Mapping[str, str]


class NoAnswer(Exception):
    """A replica did not answer as it should, for a minute."""


async def backup(environment: Environment, folder: Path, log: Log) -> int:
    """Save every replica, then delete what is too old. Returns the exit code."""
    archive = environment["ARCHIVE"]
    try:
        states = {
            ordinal: await _ask("GET", url) for ordinal, url in _replicas(environment).items()
        }
    except NoAnswer as error:
        log(f"No backup was made. {error}")
        return 1
    archives.write(folder, archive, states)
    log(f"Saved {len(states)} replicas as {archive}.")
    if pruned := archives.prune(folder, archive, int(environment["KEEP"])):
        log(f"Deleted {', '.join(pruned)}.")
    return 0


async def restore(environment: Environment, folder: Path, log: Log) -> int:
    """Give every replica its state of the archive; one that is not in it keeps its own."""
    try:
        states = archives.read(folder, environment["ARCHIVE"])
        for ordinal, url in _replicas(environment).items():
            if ordinal in states:
                await _ask("PUT", url, states[ordinal])
                log(f"Restored replica {ordinal}.")
    except (archives.NoArchive, NoAnswer) as error:
        log(f"Not all was restored. {error}")
        return 1
    return 0


def _replicas(environment: Environment) -> dict[int, str]:
    pattern = environment["REPLICA_URL"] + "/backup"
    return {
        ordinal: pattern.format(ordinal=ordinal) for ordinal in range(int(environment["REPLICAS"]))
    }


async def _ask(method: str, url: str, state: bytes | None = None) -> bytes:
    problem = ""
    for attempt in range(TRIES):
        if attempt:
            await asyncio.sleep(PAUSE_SECONDS)
        try:
            # A connection for each try: a name may lead somewhere else by then.
            async with (
                aiohttp.ClientSession(timeout=TIMEOUT) as session,
                session.request(method, url, data=state) as response,
            ):
                body = await response.read()
                if response.status == 200:
                    return body
                problem = f"{response.status} {body[:200].decode(errors='replace')}"
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            problem = repr(error)
    raise NoAnswer(f"{method} {url}: {problem}.")
