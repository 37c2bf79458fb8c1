"""Photos and videos of flights, how complete they are, and the rules for keeping them."""

from media.models.deletion import DoomedObject, ForgottenFile
from media.models.file import Kind, MediaFile, Status
from media.models.grant import StorageGrant
from media.models.group import MediaGroup
from media.models.policy import MediaPolicy
from media.models.refused import RefusedUpload

__all__ = [
    "DoomedObject",
    "ForgottenFile",
    "Kind",
    "MediaFile",
    "MediaGroup",
    "MediaPolicy",
    "RefusedUpload",
    "Status",
    "StorageGrant",
]
