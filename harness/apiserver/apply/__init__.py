"""Who owns which field: server-side apply, and the bookkeeping of every other write.

    server_side_apply   an apply patch over a live document, with conflicts and removal
    track_update        managedFields after a create, an update or any other patch
    keep_times          drops changed timestamps where nothing else changed; call it on the
                        defaulted document, just before the write is compared with what is stored
    rows_for_scale, rows_from_scale
                        managedFields of an object as its Scale has them, and back

Pure functions over documents and a schema; built-in kinds and custom resources alike. All field
sets are kept in the form of fieldsV1 (`field_set`), so nothing is parsed or encoded on the way.
Managers that wrote in another version of a kind are read as if the versions had the same fields.
"""

from .applying import server_side_apply
from .managed_fields import keep_times
from .scaling import rows_for_scale, rows_from_scale
from .updating import track_update

__all__ = ["keep_times", "rows_for_scale", "rows_from_scale", "server_side_apply", "track_update"]
