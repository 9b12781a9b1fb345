"""The map of the region: from degrees to a drawing of 1000 by 900, east at the right."""

from collections.abc import Iterable
from math import cos, hypot, radians
from typing import TypedDict

from members.models import Municipality

WIDTH, HEIGHT, MARGIN = 1000, 900, 90
# Discs nearer than this would hide each other's numbers.
NEAREST = 84
# A disc moved by less than this still stands on its place.
STILL = 4
# How wide a letter of a name is drawn, on average.
LETTER = 21
# What stays free between a name and the edge.
EDGE = 24


class Point(TypedDict):
    """A municipality on the map; without coordinates `x` and `y` are None and it is only listed."""

    name: str
    url: str
    number: int
    kind: str
    is_current: bool
    x: int | None
    y: int | None
    seat_x: int | None
    seat_y: int | None
    side: str  # where its name has room: "east", "west", or "" if nowhere


def region_points(
    municipalities: Iterable[Municipality], current: Municipality | None = None
) -> list[Point]:
    """Return a point for each municipality, in their order, discs moved apart where they crowd.

    A disc that was moved carries its true place as `seat_x` and `seat_y`.
    """
    shown = list(municipalities)
    seats = project(
        {
            m.pk: (float(m.longitude), float(m.latitude))
            for m in shown
            if m.longitude is not None and m.latitude is not None
        }
    )
    discs = move_apart(seats)
    sides = name_sides(discs, {m.pk: m.name for m in shown})
    points = []
    for number, municipality in enumerate(shown, start=1):
        disc, seat = discs.get(municipality.pk), seats.get(municipality.pk)
        if disc and seat and hypot(disc[0] - seat[0], disc[1] - seat[1]) < STILL:
            seat = None
        x, y = rounded(disc)
        seat_x, seat_y = rounded(seat)
        points.append(
            Point(
                name=municipality.name,
                url=municipality.get_absolute_url(),
                number=number,
                kind=municipality.kind,
                is_current=current is not None and municipality.pk == current.pk,
                x=x,
                y=y,
                seat_x=seat_x,
                seat_y=seat_y,
                side=sides.get(municipality.pk, ""),
            )
        )
    return points


def rounded(spot: tuple[float, float] | None) -> tuple[int, int] | tuple[None, None]:
    return (round(spot[0]), round(spot[1])) if spot else (None, None)


def project(places: dict[int, tuple[float, float]]) -> dict[int, tuple[float, float]]:
    """Fit longitudes and latitudes into the drawing, one scale for both, north at the top."""
    if not places:
        return {}
    longitudes, latitudes = zip(*places.values(), strict=True)
    middle = (min(latitudes) + max(latitudes)) / 2
    # A degree of longitude is shorter than one of latitude by the cosine of the latitude.
    shrink = cos(radians(middle))
    across = (max(longitudes) - min(longitudes)) * shrink
    along = max(latitudes) - min(latitudes)
    scale = min(
        (WIDTH - 2 * MARGIN) / across if across else float("inf"),
        (HEIGHT - 2 * MARGIN) / along if along else float("inf"),
    )
    if scale == float("inf"):
        scale = 1.0
    middle_longitude = (min(longitudes) + max(longitudes)) / 2
    return {
        key: (
            WIDTH / 2 + (longitude - middle_longitude) * shrink * scale,
            HEIGHT / 2 - (latitude - middle) * scale,
        )
        for key, (longitude, latitude) in places.items()
    }


def move_apart(seats: dict[int, tuple[float, float]]) -> dict[int, tuple[float, float]]:
    """Push crowding discs from each other until none hides another, always the same way."""
    discs = dict(seats)
    keys = list(discs)
    for _round in range(60):
        calm = True
        for i, one in enumerate(keys):
            for other in keys[i + 1 :]:
                (ax, ay), (bx, by) = discs[one], discs[other]
                apart = hypot(bx - ax, by - ay)
                if apart >= NEAREST:
                    continue
                calm = False
                # Two at one spot part along the horizontal.
                ux, uy = ((bx - ax) / apart, (by - ay) / apart) if apart else (1.0, 0.0)
                push = (NEAREST - apart) / 2 + 0.5
                discs[one] = inside(ax - ux * push, ay - uy * push)
                discs[other] = inside(bx + ux * push, by + uy * push)
        if calm:
            break
    return discs


def inside(x: float, y: float) -> tuple[float, float]:
    """Keep a disc within the drawing."""
    edge = MARGIN / 2
    return min(max(x, edge), WIDTH - edge), min(max(y, edge), HEIGHT - edge)


def name_sides(discs: dict[int, tuple[float, float]], names: dict[int, str]) -> dict[int, str]:
    """Return on which side of each disc its name fits, clear of the edges and of all others."""
    # Taken ground as (left, right, top, bottom), in the drawing's units.
    taken = {key: (x - 36, x + 36, y - 36, y + 36) for key, (x, y) in discs.items()}
    sides = {}
    for key, (x, y) in discs.items():
        width = LETTER * len(names[key])
        for side, left in (("east", x + 46), ("west", x - 46 - width)):
            box = (left, left + width, y - 18, y + 18)
            clear = box[0] > EDGE and box[1] < WIDTH - EDGE
            if clear and not any(overlap(box, other) for other in taken.values()):
                sides[key] = side
                # Negative keys: names, beside the discs' own.
                taken[-key] = box
                break
    return sides


def overlap(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    """Say whether two boxes (left, right, top, bottom) share ground."""
    return one[0] < other[1] and other[0] < one[1] and one[2] < other[3] and other[2] < one[3]
