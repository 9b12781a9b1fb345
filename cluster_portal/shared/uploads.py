"""How uploaded bytes come in: kept up to a limit, drained beyond it."""

from io import BytesIO
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import TemporaryFileUploadHandler

from cluster_portal.shared import policy


class OversizedFile(UploadedFile):
    """Stands for a file whose bytes were thrown away because there were too many of them."""

    def __init__(self, name: str, size: int) -> None:
        super().__init__(file=BytesIO(), name=name, size=size)


class DrainingUploadHandler(TemporaryFileUploadHandler):
    """Write an upload to a temporary file; beyond the largest size we take, only count.

    The request is read to its end, so the form comes back with all else that was typed and the
    file's own field says that it was too large.
    """

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        self.limit = (
            settings.RECORDING_MAX_BYTES
            if policy.is_staff(self.request.user)
            else max(settings.PHOTO_MAX_BYTES, settings.DOCUMENT_MAX_BYTES)
        )
        self.received = 0

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        self.received += len(raw_data)
        if self.received <= self.limit:
            super().receive_data_chunk(raw_data, start)
        elif not self.file.closed:
            self.file.close()

    def file_complete(self, file_size: int) -> UploadedFile | None:
        if self.received > self.limit:
            return OversizedFile(self.file_name or "", self.received)
        return super().file_complete(file_size)
