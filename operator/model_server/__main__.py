"""`python -m model_server`: serve by the environment that the AIService operator sets.

PORT        the port to listen on (8080)
MODEL_PATH  a folder with the files `name` and `version` of the model, from its ConfigMap
STATE_PATH  a folder to keep what was learned; unset, it is lost with the process
"""

import os
import signal
import sys
from pathlib import Path

# The first process of a container is deaf to signals that it has not asked for, and the imports
# below take a second in which a pod may be told to end.
signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(0))

from aiohttp import web  # noqa: E402

from model_server.app import make_app  # noqa: E402


def main() -> None:
    """Serve until terminated."""
    state = os.environ.get("STATE_PATH")
    model = Path(os.environ.get("MODEL_PATH", "/nonexistent"))
    app = make_app(
        folder=Path(state) if state else None,
        name=_read(model / "name", "default"),
        version=_read(model / "version", "0"),
    )
    web.run_app(app, port=int(os.environ.get("PORT", "8080")))


def _read(path: Path, default: str) -> str:
    return path.read_text().strip() if path.exists() else default


if __name__ == "__main__":
    main()
