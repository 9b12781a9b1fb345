"""What the database itself refuses about the members, whatever a form let pass."""

from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError

from members.models import Locality, Municipality, RelatedBody
from tests import builders as b

pytestmark = pytest.mark.django_db

ODD_PLACES = [
    {"latitude": 31, "longitude": None},
    {"latitude": None, "longitude": 34.5},
    {"latitude": 51, "longitude": 34.5},
    {"latitude": 31, "longitude": 0},
]


@pytest.mark.parametrize("place", ODD_PLACES)
def test_half_a_place_or_one_abroad_is_refused(place: dict[str, Any]) -> None:
    council = b.municipality(kind="regional_council")
    with pytest.raises(ValidationError):
        Municipality(slug="x", kind="city", name="x", formal_name="x", **place).full_clean()
    with pytest.raises(IntegrityError):
        Locality.objects.create(municipality=council, name="x", kind="x", **place)


@pytest.mark.parametrize("place", ODD_PLACES)
def test_a_municipality_is_not_moved_to_half_a_place(place: dict[str, Any]) -> None:
    b.municipality()
    with pytest.raises(IntegrityError):
        Municipality.objects.update(**place)


def test_a_related_body_is_of_a_known_kind() -> None:
    with pytest.raises(IntegrityError):
        RelatedBody.objects.create(slug="x", kind="enemy", name="x")
