"""The HTTP side: an application factory, so that a process, a test and a simulated pod serve alike.

    POST /learn    {"text": "...", "label": "..."}  -> {"examples": 3}
    POST /predict  {"text": "..."}                  -> {"label": "...", "probabilities": {...}}
    GET  /healthz  the process answers
    GET  /readyz   the model is loaded
    GET  /backup   all that was learned, as one document
    PUT  /backup   such a document: from now on that is what was learned

Without a folder the state lives and dies with the process. With one, an answer to `/learn` or
to a PUT means that it is on the disk.
"""

import json
from pathlib import Path
from typing import Any

from aiohttp import web

from model_server import storage
from model_server.classifier import Classifier

MODEL = web.AppKey("model", Classifier)
SETTINGS = web.AppKey("settings", dict[str, Any])

TEXT_LENGTH_MAX = 100_000
BACKUP_BYTES_MAX = 64 * 1024 * 1024


async def make_app(
    folder: Path | None = None, name: str = "default", version: str = "0"
) -> web.Application:
    """The application, with the model of `folder` loaded. Raises storage.CorruptState."""
    app = web.Application(client_max_size=BACKUP_BYTES_MAX)
    app[MODEL] = storage.load(folder) if folder else Classifier()
    app[SETTINGS] = {"folder": folder, "model": {"name": name, "version": version}}
    app.router.add_post("/learn", learn)
    app.router.add_post("/predict", predict)
    app.router.add_get("/healthz", healthz)
    app.router.add_get("/readyz", readyz)
    app.router.add_get("/backup", backup)
    app.router.add_put("/backup", restore)
    return app


async def learn(request: web.Request) -> web.Response:
    """Take one example into account, for good."""
    body = await _body(request, "text", "label")
    model = request.app[MODEL]
    model.learn(body["text"], body["label"])
    folder = request.app[SETTINGS]["folder"]
    if folder:
        storage.save(folder, model)
    return web.json_response({"examples": model.examples})


async def predict(request: web.Request) -> web.Response:
    """The most likely label; 409 while nothing was learned."""
    body = await _body(request, "text")
    probabilities = request.app[MODEL].predict(body["text"])
    if not probabilities:
        raise _problem(web.HTTPConflict, "Nothing was learned yet: POST an example to /learn.")
    answer = {"label": next(iter(probabilities)), "probabilities": probabilities}
    return web.json_response(answer | {"model": request.app[SETTINGS]["model"]})


async def healthz(request: web.Request) -> web.Response:
    """The process answers."""
    return web.json_response({"status": "ok"})


async def readyz(request: web.Request) -> web.Response:
    """The model is loaded, for the application serves only after that."""
    settings = request.app[SETTINGS]
    return web.json_response({"model": settings["model"], "examples": request.app[MODEL].examples})


async def backup(request: web.Request) -> web.Response:
    """All that was learned."""
    return web.json_response(request.app[MODEL].dump())


async def restore(request: web.Request) -> web.Response:
    """Take what was learned from a backup, on the disk first; 400 if it is none."""
    try:
        restored = Classifier.load(json.loads(await request.read()))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise _problem(
            web.HTTPBadRequest,
            f"The body is no backup ({error!r}); PUT what GET /backup has answered.",
        ) from error
    folder = request.app[SETTINGS]["folder"]
    if folder:
        storage.save(folder, restored)
    request.app[MODEL].become(restored)
    return web.json_response({"examples": restored.examples})


async def _body(request: web.Request, *fields: str) -> dict[str, str]:
    """The JSON body with these text fields; 400 says which one is wrong."""
    try:
        body = await request.json()
    except ValueError as error:
        raise _problem(web.HTTPBadRequest, f"The body is not JSON: {error}.") from error
    for field in fields:
        value = body.get(field) if isinstance(body, dict) else None
        if not isinstance(value, str) or not 0 < len(value) <= TEXT_LENGTH_MAX:
            example = dict.fromkeys(fields, "...")
            raise _problem(
                web.HTTPBadRequest,
                f"{field!r} must be a text of 1 to {TEXT_LENGTH_MAX} characters, not "
                f"{str(value)[:80]!r}. Send {json.dumps(example)}.",
            )
    return dict(body)


def _problem(kind: type[web.HTTPClientError], message: str) -> web.HTTPClientError:
    return kind(text=json.dumps({"error": message}), content_type="application/json")
