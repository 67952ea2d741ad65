"""Why a worker gives no answer, or an image cannot be decoded again."""

from __future__ import annotations

from camcli.records import FailedImage, ImageItem


class StoppedError(Exception):
    """The run is ending, and nothing more is done for it."""


class GaveUpError(Exception):
    """A worker did not answer, or could not decode an image a second time.

    Attributes:
        kind: What happened, in a word; the error's type in the manifest.

    """

    def __init__(self, kind: str, message: str) -> None:
        """Say what happened."""
        super().__init__(message)
        self.kind = kind


def unchanged(decoded: ImageItem | FailedImage, sha256: str) -> ImageItem:
    """Return an image that was decoded again, if its file is still the same.

    Raises:
        GaveUpError: It could not be decoded, or its file is another one now.

    """
    if isinstance(decoded, FailedImage):
        raise GaveUpError(decoded.type, decoded.message)
    if decoded.sha256 != sha256:
        raise GaveUpError("Changed", "the file changed while it was being explained")
    return decoded
