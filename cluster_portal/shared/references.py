"""Reference numbers that people read out and nobody guesses."""

import secrets

# Crockford's base 32: no I, L, O or U, so nothing is misread on the telephone.
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
MISREAD = str.maketrans("ILO", "110")


def new_reference() -> str:
    """Return a new reference such as ``7K3Q-9XWT-A2MB``: 60 random bits, too many to guess."""
    signs = "".join(secrets.choice(ALPHABET) for _ in range(12))
    return "-".join((signs[:4], signs[4:8], signs[8:]))


def normalise_reference(typed: str) -> str:
    """Return the reference that `typed` means, with case, dashes and likely misreadings mended."""
    signs = "".join(c for c in typed.upper().translate(MISREAD) if c in ALPHABET)
    return "-".join((signs[:4], signs[4:8], signs[8:12]))
