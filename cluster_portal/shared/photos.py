"""Pictures: what we take, and the sizes made from it."""

import threading
import warnings
from io import BytesIO
from pathlib import PurePath
from typing import Any, NamedTuple

from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils.translation import gettext_lazy as _
from PIL import Image, ImageOps

# Listed one by one: Pillow would otherwise try its forty parsers on whatever comes.
FORMATS = ("JPEG", "PNG", "WEBP")
WIDTHS = (480, 960, 1600)
# Twice what the largest size needs, for pictures that lie on their side.
ROOM = (max(WIDTHS) * 2, max(WIDTHS) * 2)
# Fifty million pixels take 400 MB while they are decoded, and their file can be very small: one
# after the other, or eight senders at once would take all the memory of the host.
ONE_AT_A_TIME = threading.Lock()
# Blocks above 32 MB go back to the system when they are freed; of smaller ones, which is Pillow's
# way, every thread of the server would keep its 400 MB for ever.
Image.core.set_block_size(64 * 1024 * 1024)
SUFFIXES = {"webp": ("WEBP", {"quality": 80, "method": 4}), "jpg": ("JPEG", {"quality": 82})}


class BadPhoto(ValueError):
    """The file is not a picture that we take; the text says why, for people."""


class Prepared(NamedTuple):
    """A picture upright and without metadata."""

    image: Image.Image
    width: int
    height: int


def prepare(file: Any) -> Prepared:
    """Return the picture in `file`, upright and stripped of all metadata.

    The size in pixels is read from the header before anything is decoded. Raises BadPhoto for what
    is not a whole JPEG, PNG or WebP, has more than one frame, or is larger than PHOTO_MAX_BYTES or
    PHOTO_MAX_PIXELS (settings).
    """
    if file.size > settings.PHOTO_MAX_BYTES:
        raise BadPhoto(_("The picture is too large: at most 20 MB."))
    with ONE_AT_A_TIME:
        image = decoded(file)
    upright = ImageOps.exif_transpose(image)
    if upright.mode == "RGBA":
        ground = Image.new("RGBA", upright.size, "white")
        upright = Image.alpha_composite(ground, upright)
    # A new image: pixels go over, EXIF, place, comments and colour profiles do not.
    plain = Image.new("RGB", upright.size)
    plain.paste(upright.convert("RGB"))
    plain.thumbnail((max(WIDTHS), max(WIDTHS) * 2), Image.Resampling.LANCZOS)
    return Prepared(plain, plain.width, plain.height)


def decoded(file: Any) -> Image.Image:
    """Return the picture in `file`, no larger than ROOM; raise BadPhoto as `prepare` does.

    It is made small before anything else is done with it, so that it is held in full only once.
    """
    file.seek(0)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            image: Image.Image = Image.open(file, formats=FORMATS)
            if image.width * image.height > settings.PHOTO_MAX_PIXELS:
                raise BadPhoto(_("The picture has too many pixels: at most 50 million."))
            if getattr(image, "n_frames", 1) > 1:
                raise BadPhoto(_("Moving pictures are not taken; choose a still one."))
            image.draft("RGB", ROOM)
            image.load()
            if image.mode in {"LA", "PA"} or "transparency" in image.info:
                image = image.convert("RGBA")
            elif image.mode in {"1", "P"}:
                image = image.convert("RGB")
            image.thumbnail(ROOM, Image.Resampling.LANCZOS)
    except BadPhoto:
        raise
    except Exception as error:  # Pillow's parsers raise nearly anything on a hostile file.
        raise BadPhoto(
            _("This is not a whole picture of type JPEG, PNG or WebP. Choose another file.")
        ) from error
    return image


def rendition_widths(width: int) -> list[int]:
    """Return the widths made of a picture that is `width` pixels wide, smallest first."""
    return [w for w in WIDTHS if w < width] + [min(width, max(WIDTHS))]


def rendition_path(original: str, width: int, suffix: str) -> str:
    """Return where the size of `width` pixels of the picture stored at `original` lies."""
    path = PurePath(original)
    return f"renditions/{path.parent.name}/{path.stem}-{width}.{suffix}"


def store_renditions(prepared: Prepared, original: str) -> None:
    """Write every size of the picture as WebP and JPEG beside `original` in the storage."""
    for width in rendition_widths(prepared.width):
        height = max(1, round(prepared.height * width / prepared.width))
        sized = prepared.image.resize((width, height), Image.Resampling.LANCZOS)
        for suffix, (format_name, options) in SUFFIXES.items():
            buffer = BytesIO()
            sized.save(buffer, format_name, **options)
            path = rendition_path(original, width, suffix)
            default_storage.delete(path)
            default_storage.save(path, ContentFile(buffer.getvalue()))
