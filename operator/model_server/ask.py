"""`python -m model_server.ask URL learn TEXT LABEL` and `... URL predict TEXT LABEL`: a replica's
user, as a program to be run in a pod.

`learn` teaches one example. `predict` ends with exit code 0 if the answer is LABEL, else with 1:
LABEL may be `nothing`, for a replica that was never taught.
"""

import asyncio
import sys
from collections.abc import Callable, Sequence

import aiohttp

TIMEOUT = aiohttp.ClientTimeout(total=30)
NOTHING = "nothing"


async def ask(arguments: Sequence[str], log: Callable[[str], None]) -> int:
    """Ask one replica; returns the exit code."""
    url, what, text, label = arguments
    body = {"text": text, "label": label} if what == "learn" else {"text": text}
    try:
        async with (
            aiohttp.ClientSession(timeout=TIMEOUT) as session,
            session.post(f"{url}/{what}", json=body) as response,
        ):
            answer = await response.json()
            status = response.status
    except (TimeoutError, aiohttp.ClientError, OSError) as error:
        log(f"{url}: {error!r}")
        return 1
    log(f"{url}: {status} {answer}")
    if what == "learn":
        return 0 if status == 200 else 1
    predicted = answer.get("label") if status == 200 else NOTHING
    return 0 if predicted == label and status in (200, 409) else 1


def main() -> int:
    """Ask by the arguments of this process; returns the exit code."""
    return asyncio.run(ask(sys.argv[1:], _say))


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")


if __name__ == "__main__":
    sys.exit(main())
