"""Units of measurement, as far as answers need them: which two are the same, and which can be converted."""

from __future__ import annotations

import re
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

from verirl_tasks.math.tree import ParseError

_F = Fraction
# name: (dimension, size). What is not here is a dimension of its own: apples are not oranges.
_TABLE: dict[str, tuple[str, Fraction]] = {}


def _put(dimension: str, **sizes: Fraction | int) -> None:
    for names, size in sizes.items():
        for name in names.split("_"):
            _TABLE[name] = (dimension, Fraction(size))


_put("length", mm_millimeter_millimetre=_F(1, 1000), cm_centimeter_centimetre=_F(1, 100), m_meter_metre=1)
_put("length", km_kilometer_kilometre=1000, inch_inches_in=_F(254, 10000), ft_foot_feet=_F(3048, 10000))
_put("length", yd_yard=_F(9144, 10000), mi_mile=_F(1609344, 1000))
_put("mass", mg_milligram=_F(1, 1000), g_gram=1, kg_kilogram=1000, lb_lbs_pound=_F(45359237, 100000))
_put("mass", oz_ounce=_F(45359237, 1600000))
_put("time", s_sec_second=1, min_minute=60, h_hr_hour=3600, day=86400, week=604800, ms_millisecond=_F(1, 1000))
_put("volume", ml_milliliter_millilitre=_F(1, 1000), l_liter_litre=1)
_put("money", dollar_usd=1, cent_cents_penny_pennies=_F(1, 100))
_put("euro", euro_euros_eur=1)
_put("sterling", pounds_gbp=1)
_put("temperature-c", celsius=1)
_put("temperature-f", fahrenheit=1)
_WORDS = {
    "square": 2, "sq": 2, "cubic": 3, "cu": 3,
}  # fmt: skip
_SCALES = {
    "dozen": 12, "hundred": 100, "thousand": 1000, "million": 10**6, "billion": 10**9, "trillion": 10**12,
}  # fmt: skip
_EMPTY = {
    "unit",
    "units",
    "of",
    "the",
    "a",
    "an",
    "in",
    "degree",
    "degrees",
    "total",
    "about",
    "approximately",
    "answer",
}
# Words that make a sentence of it, and of a number something that is not the answer.
_NO_UNIT_WORDS = (
    "not no nor neither either maybe perhaps never wrong incorrect but except plus minus times over half twice thrice "
    "double is are was isn't isnt else otherwise if when than to from one two three four five six seven eight nine ten "
    "all any some none both more less at least most"
)
_NO_UNIT = frozenset(_NO_UNIT_WORDS.split())
_SHAPE = re.compile(r"[A-Za-zµ.'°-]+(?:\^\{?\(?-?[1-3]\)?\}?)?")


class Unit(NamedTuple):
    """`dimensions`: powers by dimension, sorted; `scale`: dozens, millions; both multiply the value."""

    dimensions: tuple[tuple[str, int], ...]
    factor: Fraction
    scale: Fraction


@lru_cache(maxsize=4096)
def unit(text: str) -> Unit:
    """What a unit is worth. Raises ParseError for words that are none."""
    words = text.replace("/", " / ").replace("°", "").split()
    if len(words) > 8:
        raise ParseError("the words behind the number are no unit")
    powers: dict[str, int] = {}
    factor, scale, sign, pending = Fraction(1), Fraction(1), 1, 1
    for word in words:
        if word in ("/", "per"):
            sign = -1
            continue
        if not _SHAPE.fullmatch(word) or word.lower().strip(".") in _NO_UNIT:
            raise ParseError(f"{text!r} behind the number is no unit")
        name, _, power_text = word.partition("^")
        name = name.strip(".")
        if name.lower() in _WORDS:
            pending = _WORDS[name.lower()]
            continue
        if name.lower() in _EMPTY or not name:
            continue
        if _singular(name.lower()) in _SCALES:
            scale *= _SCALES[_singular(name.lower())]
            continue
        power = sign * pending * int(power_text.strip("{}()") or 1)
        dimension, size = _lookup(name)
        powers[dimension] = powers.get(dimension, 0) + power
        factor *= size**power
        pending = 1
        if name.lower() == "mph":
            factor *= Fraction(1609344, 1000) / 3600
    return Unit(tuple(sorted((name, power) for name, power in powers.items() if power)), factor, scale)


def of_gold(text: str) -> Unit:
    """What the unit of a gold answer is worth: whatever stands there is one."""
    try:
        return unit(text)
    except ParseError:
        return Unit(((text, 1),), Fraction(1), Fraction(1))


def _lookup(name: str) -> tuple[str, Fraction]:
    for variant in (name, name.lower(), _singular(name.lower())):
        if variant in _TABLE:
            return _TABLE[variant]
    return _singular(name.lower()), Fraction(1)


def _singular(name: str) -> str:
    if name.endswith("ies") and len(name) > 4:
        return name[:-3] + "y"
    if name.endswith("ss") or len(name) <= 3 or not name.endswith("s"):
        return name
    return name[:-2] if name.endswith(("ches", "shes", "xes", "sses")) else name[:-1]
