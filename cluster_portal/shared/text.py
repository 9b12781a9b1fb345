"""Typed text made fit to store: composed, and free of characters that do harm."""

import re
import unicodedata

# C0 and C1 controls but tab and line feed; the direction embeddings, overrides and isolates, which
# turn what stands beside them; the byte order mark; lone surrogates and noncharacters.
HARMFUL = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\ufdd0-\ufdef"
    # The last two of each plane are no characters either.
    + "".join(f"{chr(end - 1)}{chr(end)}" for end in range(0xFFFF, 0x110000, 0x10000))
    + "]"
)


def clean_text(text: str) -> str:
    """Return `text` in Unicode form NFC, with line feeds alone and without harmful characters."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return unicodedata.normalize("NFC", HARMFUL.sub("", text))
