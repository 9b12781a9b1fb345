import pytest

from cluster_portal.shared.text import clean_text


@pytest.mark.parametrize(
    "harmful",
    [
        *["\0", "\x1f", "\x7f", "\x85", "\u202e", "\u2066", "\ufeff", "\ud800", "\udfff"],
        # Noncharacters, which HTML may not hold: a block of their own, and the end of each plane.
        *["\ufdd0", "\ufdef", "\ufffe", "\uffff", "\U0001fffe", "\U0001ffff", "\U0010ffff"],
    ],
)
def test_harmful_character_is_taken_out(harmful: str) -> None:
    assert clean_text(f"א{harmful}ב") == "אב"


@pytest.mark.parametrize(
    "text", ["שלום, world", "שורה\nשורה\t", "👩‍👧", "\ufdf2", "\U0001f600", "־״׳"]
)
def test_what_people_write_stays(text: str) -> None:
    assert clean_text(text) == text


def test_line_ends_become_one_kind() -> None:
    assert clean_text("א\r\nב\rג") == "א\nב\nג"
