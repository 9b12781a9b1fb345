"""What becomes of a picture: upright, without metadata, on white, in bounded memory."""

import struct
import subprocess
import sys
import zlib
from io import BytesIO
from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from PIL import Image

from cluster_portal.shared.photos import BadPhoto, prepare

PROJECT = Path(__file__).resolve().parent.parent.parent
RED, WHITE = (255, 0, 0), (255, 255, 255)


def file_of(image: Image.Image, form: str = "PNG", **options: object) -> ContentFile:
    buffer = BytesIO()
    image.save(buffer, form, **options)
    return ContentFile(buffer.getvalue())


def png(width: int, height: int, pixels: bytes) -> bytes:
    """Return a PNG of red, green, blue and alpha whose header says this size."""

    def part(name: bytes, content: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(name + content))
        return struct.pack(">I", len(content)) + name + content + check

    header = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + part(b"IHDR", header) + part(b"IDAT", pixels) + part(b"IEND", b"")


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P", "1", "L", "I;16", "CMYK", "RGB"])
def test_every_kind_of_pixels_is_taken(mode: str) -> None:
    form = "JPEG" if mode == "CMYK" else "PNG"
    prepared = prepare(file_of(Image.new(mode, (40, 30)), form))
    assert (prepared.image.mode, prepared.width, prepared.height) == ("RGB", 40, 30)


def test_what_is_clear_becomes_white() -> None:
    clear = Image.new("RGBA", (40, 30), (0, 0, 0, 0))
    assert prepare(file_of(clear)).image.getpixel((0, 0)) == WHITE
    palette = Image.new("P", (40, 30), 0)
    palette.putpalette([0, 0, 0, *RED])
    palette.putpixel((1, 1), 1)
    prepared = prepare(file_of(palette, transparency=0)).image
    assert (prepared.getpixel((0, 0)), prepared.getpixel((1, 1))) == (WHITE, RED)


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
def test_turned_picture_stands_upright_and_keeps_no_metadata(form: str) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by a quarter
    exif[0x010F] = "the camera"
    prepared = prepare(file_of(Image.new("RGB", (4000, 1000), RED), form, exif=exif))
    assert (prepared.width, prepared.height) == (800, 3200)
    assert not prepared.image.getexif()
    assert "exif" not in prepared.image.info


def test_header_that_claims_too_much_is_refused_unread() -> None:
    with pytest.raises(BadPhoto, match="מיליון"):
        prepare(ContentFile(png(10_000, 10_000, zlib.compress(b"\0" * 1000))))


def test_largest_picture_takes_bounded_memory_even_when_sent_often(tmp_path: Path) -> None:
    """Twelve, 200 KB each as files, in threads that live on: less than three take unpacked."""
    program = """
import django, queue, resource, sys, threading
django.setup()
from django.core.files.base import ContentFile
from cluster_portal.shared.photos import prepare
content = open(sys.argv[1], "rb").read()
jobs = queue.Queue()
def work():
    while jobs.get():
        prepare(ContentFile(content))
        jobs.task_done()
for _ in range(4):
    threading.Thread(target=work, daemon=True).start()
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
for _ in range(12):
    jobs.put(True)
jobs.join()
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""
    side = 7000
    packer = zlib.compressobj(9)
    row = b"\0" * (1 + side * 4)
    pixels = b"".join(packer.compress(row) for _ in range(side)) + packer.flush()
    path = tmp_path / "large.png"
    path.write_bytes(png(side, side, pixels))
    done = subprocess.run(
        [sys.executable, "-c", program, path], cwd=PROJECT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < 900  # in MB; 1,900 with smaller blocks
