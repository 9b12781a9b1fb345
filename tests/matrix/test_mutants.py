"""The deliberate breakages must fit the code as it is; `make mutants` tries them."""

import ast
from collections import Counter
from fnmatch import fnmatch

import pytest

from tests.matrix.mutants import MUTANTS, PROJECT, Mutant, is_there
from tests.matrix.routes import registry


@pytest.fixture(autouse=True)
def own_files() -> None:
    """Nothing here needs the world."""


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.file)
def test_a_breakage_has_its_place_and_a_guard(mutant: Mutant) -> None:
    assert is_there(mutant), f"not exactly once in {mutant.file}: {mutant.old!r}"
    broken = (PROJECT / mutant.file).read_text().replace(mutant.old, mutant.new, 1)
    ast.parse(broken)
    first, _, rest = mutant.guard.partition(" ")
    if first == "rows":
        assert all(any(fnmatch(p, wanted) for p in registry()) for wanted in rest.split())
    else:
        assert (PROJECT / first).exists()


def test_there_are_enough_breakages_and_no_two_alike() -> None:
    assert len(MUTANTS) >= 60
    alike = Counter((mutant.file, mutant.old, mutant.new) for mutant in MUTANTS)
    assert max(alike.values()) == 1
