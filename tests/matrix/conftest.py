"""One world for all tests of a module, undone after it."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.core import mail
from django.core.cache import cache

from tests.matrix.cast import World, standing


@pytest.fixture(scope="module")
def world(
    django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[World]:
    with standing(django_db_blocker, tmp_path_factory.mktemp("world")) as made:
        yield made


@pytest.fixture(autouse=True)
def own_files(world: World) -> Iterator[None]:
    """Stand in for the files of a test's own: here the world has them, and keeps them."""
    cache.clear()
    mail.outbox = []
    yield
    cache.clear()
