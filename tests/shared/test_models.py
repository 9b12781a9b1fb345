"""What the database itself refuses of the shared things, whatever a form let pass."""

from typing import Any

import pytest
from django.db import IntegrityError

from cluster_portal.shared.models import Document, Photo, SiteSettings
from tests import builders as b

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "change", [{"retention_days": 0}, {"retention_days": 29}, {"home_updates": 13}]
)
def test_settings_that_would_do_harm_are_refused(change: dict[str, Any]) -> None:
    SiteSettings().save()
    with pytest.raises(IntegrityError):
        SiteSettings.objects.update(**change)


def test_a_photo_has_a_known_licence() -> None:
    b.photo()
    with pytest.raises(IntegrityError):
        Photo.objects.update(licence="found-somewhere")


def test_a_document_has_a_known_licence() -> None:
    b.document()
    with pytest.raises(IntegrityError):
        Document.objects.update(licence="found-somewhere")
