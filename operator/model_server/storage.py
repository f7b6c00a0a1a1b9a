"""The classifier's state in a folder, written so that a crash leaves the old file or the new one.

The new state goes to a temporary file beside the real one, is flushed to the disk, and then takes
its name in one step. Nothing that was acknowledged is lost by a kill.
"""

import json
import os
from pathlib import Path

from model_server.classifier import Classifier

FILE = "model.json"


class CorruptState(Exception):
    """The file is not a classifier's state; to serve an empty model instead would hide that."""


def load(folder: Path) -> Classifier:
    """The stored classifier, or a new one when nothing was stored yet."""
    path = folder / FILE
    try:
        return Classifier.load(json.loads(path.read_text()))
    except FileNotFoundError:
        return Classifier()
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise CorruptState(
            f"{path} is not a model's state ({error!r}); restore it from a backup, or delete it "
            f"to start with an empty model."
        ) from error


def save(folder: Path, classifier: Classifier) -> None:
    """Replace the stored state."""
    temporary = folder / f"{FILE}.new"
    with temporary.open("w") as file:
        json.dump(classifier.dump(), file, separators=(",", ":"))
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(folder / FILE)
