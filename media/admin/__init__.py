"""Lists and forms of the media library; its gallery is a page of its own."""

from media.admin.library import MediaPolicyAdmin, RefusedUploadAdmin

__all__ = ["MediaPolicyAdmin", "RefusedUploadAdmin"]
