"""Documents: what we take, told by content and not by name."""

import re
import zipfile
from typing import Any

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from cluster_portal.shared.text import clean_text

DOCUMENT_KINDS = {
    "pdf": "application/pdf",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "odt": "application/vnd.oasis.opendocument.text",
    "ods": "application/vnd.oasis.opendocument.spreadsheet",
    "odp": "application/vnd.oasis.opendocument.presentation",
}
OFFICE_PARTS = {"word/": "docx", "xl/": "xlsx", "ppt/": "pptx"}
MAX_MEMBERS = 5000
MAX_UNPACKED = 300 * 1024 * 1024


class BadDocument(ValueError):
    """The file is not a document that we take; the text says why, for people."""


def detect_kind(file: Any, max_bytes: int | None = None) -> str:
    """Return which of DOCUMENT_KINDS the content of `file` is.

    Raises BadDocument for anything else, for a packed file that would unpack to more than
    MAX_UNPACKED bytes, and for a file of more than `max_bytes` (default DOCUMENT_MAX_BYTES).
    """
    if file.size > (max_bytes or settings.DOCUMENT_MAX_BYTES):
        raise BadDocument(
            _("The file is too large: at most %(megabytes)d MB.")
            % {"megabytes": (max_bytes or settings.DOCUMENT_MAX_BYTES) // (1024 * 1024)}
        )
    file.seek(0)
    head = file.read(8)
    file.seek(0)
    kind = "pdf" if head.startswith(b"%PDF-") else None
    if head.startswith(b"PK\x03\x04"):
        kind = packed_kind(file)
        file.seek(0)
    if kind is None:
        raise BadDocument(_("This file is not a PDF or an office document. Choose another file."))
    return kind


def packed_kind(file: Any) -> str | None:
    """Return the kind of an office document, told by what its package holds; None for others."""
    try:
        with zipfile.ZipFile(file) as package:
            members = package.infolist()
            if len(members) > MAX_MEMBERS or sum(m.file_size for m in members) > MAX_UNPACKED:
                raise BadDocument(_("The file unpacks to far too much. Choose another file."))
            names = {member.filename for member in members}
            if any(name.lower().endswith("vbaproject.bin") for name in names):
                raise BadDocument(_("Documents with macros are not taken. Save it without them."))
            if "[Content_Types].xml" in names:
                for part, kind in OFFICE_PARTS.items():
                    if any(name.startswith(part) for name in names):
                        return kind
            if "mimetype" in names and package.getinfo("mimetype").file_size < 200:
                mimetype = package.read("mimetype").decode("ascii", "replace").strip()
                return next((k for k, m in DOCUMENT_KINDS.items() if m == mimetype), None)
    except (zipfile.BadZipFile, OSError, RuntimeError, NotImplementedError, EOFError) as error:
        raise BadDocument(_("The file is damaged. Choose another file.")) from error
    return None


def download_name(title: str, kind: str) -> str:
    """Return a safe file name, Hebrew kept, for a document called `title` of type `kind`."""
    stem = re.sub(r'[\\/:*?"<>|\x00-\x1f]+', " ", clean_text(title)).strip(". ")
    return f"{'-'.join(stem.split())[:80] or 'document'}.{kind}"
