"""Objects in the bucket: routes, photos, videos.

Keys begin with the workspace they belong to, `<workspace id>/wayline/…` and `<workspace id>/media/…`; `belongs` says
whether a key that somebody named is one of theirs. Devices and browsers get presigned addresses and never a key of
ours.
"""

from media.services.storage.errors import NoSuchObject, Refusal, StorageError
from media.services.storage.keys import Kind, belongs, prefix
from media.services.storage.objects import (
    ObjectInfo,
    available,
    delete,
    head,
    list_objects,
    make_bucket,
    open_object,
    presigned_url,
    put,
    read,
    read_range,
)

# `storage.list(prefix)` and `storage.open(key)` read as they should.
list = list_objects
open = open_object

__all__ = [
    "Kind",
    "NoSuchObject",
    "ObjectInfo",
    "Refusal",
    "StorageError",
    "available",
    "belongs",
    "delete",
    "head",
    "list",
    "make_bucket",
    "open",
    "prefix",
    "presigned_url",
    "put",
    "read",
    "read_range",
]
