"""Why a claim was not let grow.

The API server forbids (403) to grow a claim whose class does not allow it. A missing right and an
exhausted quota are forbidden in the same way, but are worth another try. The class tells them
apart.
"""

from aiservice_operator.api import Api, ApiError
from aiservice_operator.kinds import STORAGE_CLASS, Object, dig
from aiservice_operator.status import Problem

STORAGE_NOT_EXPANDABLE = "StorageNotExpandable"


async def not_expandable(api: Api, claim: Object, error: ApiError) -> Problem | None:
    """The problem, if the claim cannot grow whatever anybody does; None if it may later."""
    name = dig(claim, "spec", "storageClassName", default="")
    storage_class = await api.get(STORAGE_CLASS, None, name) if name else None
    if dig(storage_class, "allowVolumeExpansion", default=False) and error.status == 403:
        return None
    message = (
        f"Claim {claim['metadata']['name']} cannot grow, for its class {name!r} does not allow it; "
        f"new replicas get the new size."
    )
    return Problem(STORAGE_NOT_EXPANDABLE, message, stops_serving=False)
