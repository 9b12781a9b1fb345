from itertools import combinations
from math import hypot

import pytest

from members.models import Municipality
from members.region import HEIGHT, NEAREST, WIDTH, region_points


def member(pk: int, name: str, latitude: float, longitude: float) -> Municipality:
    return Municipality(
        pk=pk, slug=f"m-{pk}", name=name, kind="city", latitude=latitude, longitude=longitude
    )


MEMBERS = [
    member(1, "צפון מערב", 31.53, 34.43),
    member(2, "דרום מזרח", 31.29, 34.75),
    member(3, "שכנה", 31.5283, 34.5942),
    member(4, "שכנתה", 31.5151, 34.5971),
    member(5, "באותו מקום", 31.4, 34.6),
    member(6, "באותו מקום ממש", 31.4, 34.6),
]


def test_east_is_at_the_right_and_north_at_the_top() -> None:
    north_west, south_east, *_others = region_points(MEMBERS)
    assert north_west["x"] < south_east["x"]  # type: ignore[operator]
    assert north_west["y"] < south_east["y"]  # type: ignore[operator]


def test_no_disc_hides_another_and_all_lie_within() -> None:
    points = region_points(MEMBERS)
    for one, other in combinations(points, 2):
        assert hypot(one["x"] - other["x"], one["y"] - other["y"]) >= NEAREST - 2  # type: ignore[operator]
    for point in points:
        assert 0 < point["x"] < WIDTH  # type: ignore[operator]
        assert 0 < point["y"] < HEIGHT  # type: ignore[operator]


def test_moved_disc_keeps_its_true_place() -> None:
    points = region_points(MEMBERS)
    assert points[0]["seat_x"] is None
    assert points[4]["seat_x"] == points[5]["seat_x"] is not None


def test_same_members_give_the_same_map() -> None:
    assert region_points(MEMBERS) == region_points(MEMBERS)


@pytest.mark.parametrize("members", [[], MEMBERS[:1], MEMBERS[4:]])
def test_few_members_are_drawn_too(members: list[Municipality]) -> None:
    assert len(region_points(members)) == len(members)


def test_member_without_a_place_is_only_listed() -> None:
    nowhere = Municipality(pk=9, slug="nowhere", name="בלי מקום", kind="city")
    point = region_points([nowhere, *MEMBERS])[0]
    assert (point["name"], point["x"], point["side"]) == ("בלי מקום", None, "")


def test_current_member_is_marked() -> None:
    marked = [point["is_current"] for point in region_points(MEMBERS, MEMBERS[1])]
    assert marked == [False, True, False, False, False, False]
