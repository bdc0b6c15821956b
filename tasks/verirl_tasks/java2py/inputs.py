"""Inputs for a method, made from its signature and the constants in its source: boundaries first, then a seeded mixture.

    generate(method, count, seed, kind) -> list of argument lists (values of types.py), all different

`kind`: "all" is everything that the types allow. "tame" keeps to numbers, characters and shapes on which Java and Python
compute alike (no overflow, NaN, infinities, null or non-ASCII text), to tell a translation that is wrong from one that
misses the languages' differences. "small" is "all" with small numbers and short collections, for methods that take long.

Fewer than `count` come back where the types have no more values. Text keeps to characters that have the same properties in
the Unicode versions of Java 17 to 21 and Python 3.11 to 3.14 (13 to 16).
"""

from __future__ import annotations

import json
import math
import random
import string
import struct
from collections.abc import Callable, Sequence
from typing import Any, Literal

from verirl_tasks.java2py.java import Method
from verirl_tasks.java2py.types import FLOATS, INTEGERS, JavaType, Value

Kind = Literal["all", "tame", "small"]
_VERSION = 2

BMP = "éüñçÀØΩλжДא中文あ€–"  # letters of several scripts, with and without case, and two signs
ASTRAL = "😀𝒳𐐀"  # two UTF-16 units each; the last has a lower case
LONE = ("\ud83d", "\ude00")  # halves of a pair
_WORDS = "a I the cat Hello world Python java racecar level noon MiXed tEst under_score camelCase abc XYZ 42 x1".split()  # noqa: SIM905
_NUMERALS = "0 7 -1 +5 007 42 -13 100 3.14 -0.5 1e3 1.0 ff 0x1F 1011 XIV 12/05/2021 2020-02-29 1,234 2147483647 2147483648 -2147483648 9223372036854775808".split()  # noqa: SIM905
_ALPHABETS = (
    "ab",
    "abc",
    "aeiouxyz",
    string.ascii_lowercase,
    "aAbBcC",
    string.ascii_letters + " ",
    "01",
    string.digits,
)
_SIGNS = "()[]{}<>,;:.!?-_/+*=#@%&|^~'\"\\ \t\n"
_BLANKS = "\xa0\u2003\x1c\x1f\x0b\u3000"  # on which trim, strip and isWhitespace of the two languages differ
_TRIMS = frozenset(("trim", "strip", "stripLeading", "stripTrailing", "isBlank", "isWhitespace"))
_SEPARATORS = (",", " ", "-", ";", ":", "/", ".", "|", "  ", ", ", "\n")
_DOUBLES = (
    0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 1.5, 2.5, -2.5, 0.1, 2.675, 1 / 3, 1e7, 12345678.9, 0.001, 1e-4, 1e16, -1e10, 1e300,
    2.0**31, -(2.0**31) - 1, 2.0**53, 2.0**63, math.nan, math.inf, -math.inf, 5e-324, 1.7976931348623157e308, 2.2250738585072014e-308,
)  # fmt: skip
_FLOATS = (
    0.0, -0.0, 1.0, -1.0, 0.5, 1.5, -2.5, 0.1, 2.675, 1e7, 16777216.0, 16777217.0, 1e-4, 1e10, math.nan, math.inf, -math.inf,
    1.401298464324817e-45, 3.4028234663852886e38,
)  # fmt: skip


def version() -> str:
    """Another one, other inputs."""
    return str(_VERSION)


def generate(method: Method, count: int, seed: int | str, kind: Kind = "all") -> list[list[Value]]:
    """`count` different argument lists, boundaries first; the same for the same arguments, always."""
    maker = _Maker(method, random.Random(f"{seed}/{method.name}/{kind}"), kind)
    found: dict[str, list[Value]] = {}
    if not method.params:
        return [[]]
    for args in maker.boundaries(count // 3):
        found.setdefault(json.dumps(args), args)
    misses = 0
    while len(found) < count and misses < 200:
        args = maker.arguments()
        misses = misses + 1 if found.setdefault(json.dumps(args), args) is not args else 0
    return list(found.values())[:count]


class _Maker:
    def __init__(self, method: Method, rng: random.Random, kind: Kind) -> None:
        self.method = method
        self.rng = rng
        self.kind = kind
        self.mild = False  # of the arguments that are being made: no edges
        literals = method.literals
        reach = {"all": 1 << 63, "tame": 10_000, "small": 64}[kind]
        near = (signed + step for value in literals.integers for signed in (value, -value) for step in (0, -1, 1))
        self.bases = [value for value in literals.integers if 2 <= value <= reach]
        self.blanks = _BLANKS if kind != "tame" and literals.calls & _TRIMS else ""
        self.integers = [value for value in dict.fromkeys(near) if abs(value) <= reach]
        self.doubles = [value for base in literals.floats for value in (base, -base, base * 2, base / 2)]
        self.doubles += [float(value) for value in self.integers]
        if kind != "tame":
            self.doubles += [math.nextafter(base, way) for base in literals.floats for way in (math.inf, -math.inf)]
        ascii_only = kind == "tame"
        self.chars = [c for c in literals.chars if c.isascii() or not ascii_only]
        self.chars += [chr(ord(c) + 1) for c in literals.chars if ord(c) < 127] + [
            chr(ord(c) - 1) for c in literals.chars if 0 < ord(c) < 128
        ]
        self.words = [word for word in literals.strings if 0 < len(word) < 60 and (word.isascii() or not ascii_only)]
        self.alphabet = "".join(dict.fromkeys("".join(self.chars) + "".join(self.words)))

    # ------------------------------------------------------------------------------------------------- argument lists

    def boundaries(self, most: int) -> list[list[Value]]:
        """Every parameter at its boundaries, all at once, then one at a time with the others mild."""
        params = self.method.params
        edges = [self.edges(type, index) for index, type in enumerate(params)]
        length = max(map(len, edges))
        if len(params) == 1:
            return [[edge] for edge in edges[0]]
        together = [[edge[turn % len(edge)] for edge in edges] for turn in range(length)]
        alone = []
        self.mild = True
        for index, values in enumerate(edges):
            for value in values:
                args = [self.value(type, other) for other, type in enumerate(params)]
                self.relate(args)
                args[index] = value
                alone.append(args)
        crossed = [[self.rng.choice(edge) for edge in edges] for _ in range(length)]
        made = together + alone + crossed
        if len(made) > most:
            kept = sorted(self.rng.sample(range(len(made)), most))
            made = [made[index] for index in kept]
        return made

    def arguments(self) -> list[Value]:
        self.mild = self.rng.random() < 0.55
        args = [self.value(type, index) for index, type in enumerate(self.method.params)]
        self.relate(args)
        return args

    def relate(self, args: list[Value]) -> None:
        """Makes some arguments fit each other, as callers do: an index into a list, an element of it, a part of a text."""
        rng, params = self.rng, self.method.params
        collections = [
            i for i, t in enumerate(params) if t.kind in ("list", "array", "string", "set") and args[i] is not None
        ]
        for index, type in enumerate(params):
            if args[index] is None:
                continue
            others = [i for i in collections if i != index]
            if others and rng.random() < 0.75:
                other = rng.choice(others)
                self.relate_to(args, index, type, args[other], params[other])
            same = [i for i, t in enumerate(params[:index]) if t == type and args[i] is not None]
            if same and rng.random() < 0.12:
                args[index] = args[rng.choice(same)]
                if type.kind in INTEGERS and rng.random() < 0.5:
                    args[index] = _within(args[index] + rng.choice((-1, 1)), INTEGERS[type.kind])

    def relate_to(self, args: list[Value], index: int, type: JavaType, other: Any, kind: JavaType) -> None:
        rng, roll = self.rng, self.rng.random()
        if type.kind in ("int", "long", "short", "byte") and roll < 0.7:
            length = len(other) if kind.kind != "string" else _units(other)
            if roll < 0.25:
                args[index] = length if roll < 0.15 else length + rng.choice((-1, 1, 2))
            elif roll < 0.45:
                args[index] = rng.randint(-1, length + 1) if roll < 0.3 else rng.randint(0, max(length - 1, 0))
            elif kind.args and kind.args[0].kind == type.kind and other:
                element = rng.choice(other)
                args[index] = args[index] if element is None else element
            elif kind.args and kind.args[0].kind in ("list", "array") and other:
                args[index] = len(other[0] or [])
        elif kind.args and kind.args[0] == type and other and roll < 0.5:
            element = rng.choice(other)
            args[index] = args[index] if element is None else element
        elif type.kind == "char" and kind.kind == "string" and other and roll < 0.6:
            args[index] = _unit(other, rng.randrange(_units(other)))
        elif type.kind == kind.kind == "string" and roll < 0.4:
            args[index] = self.part_of(other)
        elif type.kind in ("list", "array") and kind == type and roll < 0.6:
            items = list(other)
            if roll < 0.2:
                rng.shuffle(items)
                args[index] = items
            else:  # as long as the other
                mine = args[index] or [self.value(type.args[0])]
                args[index] = [mine[i % len(mine)] for i in range(len(items))]
        elif type.kind in ("list", "array") and kind.kind in ("list", "array") and args[index] and roll < 0.4:
            args[index] = [args[index][i % len(args[index])] for i in range(len(other))]

    def part_of(self, other: str) -> str:
        rng = self.rng
        start, end = sorted((rng.randint(0, len(other)), rng.randint(0, len(other))))
        ways: tuple[Callable[[], str], ...] = (
            lambda: other[start:end],
            lambda: other[:end],
            lambda: other[start:],
            lambda: "".join(rng.sample(other, len(other))),
            lambda: other[::-1],
            lambda: other.swapcase() if other.isascii() else other,
            lambda: other + rng.choice(string.ascii_lowercase),
            lambda: other,
        )
        return rng.choice(ways)()

    # ---------------------------------------------------------------------------------------------------------- values

    def edges(self, type: JavaType, index: int | None = None) -> list[Value]:
        """The boundaries of a type, those that the source names first."""
        self.mild = False
        found: list[Value] = []
        kind = type.kind
        if kind in INTEGERS:
            bits = INTEGERS[kind]
            if self.kind == "all":
                top = 1 << (bits - 1)
                extremes = [top - 1, -top, top - 2, 1 - top, top >> 1, -(top >> 1)]
                extremes += [46341, -46341, 65536, 1_000_000_007] if bits == 32 else []
                extremes += [1 << 31, (1 << 31) - 1, -(1 << 31), (1 << 32) + 1, 3_037_000_500] if bits == 64 else []
                extremes += [31, 32, 33, 63, 64, -31, -32, 127, 128, -128, -129, 255, 256, 32767, 32768]
            else:
                extremes = [20, 50, -20] if self.kind == "tame" else [12, -5]
            several = [base * times for base in self.bases[:6] for times in (2, 3, -3, 5)]
            several = [value for value in several if self.kind == "all" or abs(value) <= 10_000]
            found = [0, 1, -1, 2, -2, 3, 7, 10, -7, -10, *self.integers[:60], *extremes, *several]
            found = [value for value in found if -(1 << (bits - 1)) <= value < 1 << (bits - 1)]
        elif kind in FLOATS:
            values = [*(_DOUBLES if kind == "double" else _FLOATS), *self.doubles[:40]]
            if self.kind == "tame":
                values = [
                    value for value in values if (math.isfinite(value) and 1e-3 <= abs(value) <= 1e6) or value == 0
                ]
                values = [abs(value) if value == 0 else value for value in values]
            found = [_float(value, kind) for value in values]
        elif kind == "boolean":
            found = [True, False]
        elif kind == "char":
            found = [*self.chars, *"azAZ09 _@[`{/:"]
            found += [] if self.kind == "tame" else ["é", "λ", "Д", "中", "\ud83d", "\0", "\uffff"]
        elif kind == "string":
            found = [
                "",
                *self.words,
                *self.alphabet,
                "a",
                "Z",
                "5",
                " ",
                "ab",
                "aa",
                "aba",
                "AbC",
                "a b",
                " a  b ",
                "a,b,,",
                " 7",
                "8 ",
                "1_0",
                "-12",
                "0",
            ]
            if self.kind != "tame":
                found += [
                    "é",
                    "Ωλ",
                    ASTRAL[0],
                    f"a{ASTRAL[1]}b",
                    ASTRAL[:2],
                    LONE[0],
                    f"{LONE[1]}x",
                    "中文",
                    "\t\n",
                    "2147483648",
                ]
            found += [word for c in self.blanks for word in (c, f"{c}a{c}", f"a {c} b")]
        elif kind in ("list", "array", "set", "map"):
            found = [[]]
            if kind == "map":
                found += [self.collection(type, size) for size in (1, 2, 3, 5)]
            else:
                inner = self.edges(type.args[0])
                found += [[value] for value in inner[:12]]
                if kind != "set":
                    some = inner[1 % len(inner)]
                    found += [[some, some], [some] * 3, inner[:5], inner[:5][::-1]]
                    found += [self.rng.sample(inner, min(len(inner), 4)) for _ in range(4)]
                found += [self.collection(type, size) for size in (2, 3, 5, 17)]
                if kind == "set":
                    found = [self.distinct(type, items) for items in found]
        elif kind in ("object", "number"):
            found = [self.value(type) for _ in range(20)]
            found += [{"int": value} for value in (0, 1, -1)] + [{"double": value} for value in (0.5, -1.0)]
        if self.takes_null(type, index, self.method.handles_null):
            found.insert(0, None)
        return found

    def takes_null(self, type: JavaType, index: int | None, handled: frozenset[int]) -> bool:
        return self.kind != "tame" and index in handled and type.nullable

    def value(self, type: JavaType, index: int | None = None, hashed: bool = False) -> Value:
        rng, kind = self.rng, type.kind
        if self.takes_null(type, index, self.method.handles_null) and rng.random() < 0.08:
            return None
        if kind in INTEGERS:
            return self.integer(INTEGERS[kind])
        if kind in FLOATS:
            found = _float(self.floating(kind), kind)
            while hashed and (found == 0 or found == "NaN"):  # -0.0 and 0.0 are two keys in Java and one in Python
                found = _float(self.floating(kind), kind)
            return found
        if kind == "boolean":
            return rng.random() < 0.5
        if kind == "char":
            return self.char()
        if kind == "string":
            return self.text()
        if kind in ("list", "array", "set", "map"):
            made = self.collection(type, self.size())
            if made and kind in ("list", "array") and self.takes_null(type.args[0], index, self.method.null_elements):
                place = rng.randrange(len(made))
                made[place] = None if rng.random() < 0.3 else made[place]
            return made
        if kind == "number":
            return rng.choice(({"int": self.integer(32)}, {"double": _float(self.floating("double"), "double")}))
        return self.object(hashed)

    def object(self, hashed: bool) -> Value:
        roll = self.rng.random()
        if roll < 0.4:
            return {"int": self.integer(32)}
        if roll < 0.7 or hashed:  # of keys only what cannot be equal in Python and different in Java
            return {"string": self.rng.choice(_NUMERALS[:14]) if roll < 0.5 else self.text()}
        if roll < 0.85:
            return {"double": _float(self.floating("double"), "double")}
        if roll < 0.92:
            return {"boolean": self.rng.random() < 0.5}
        return {"list": [{"int": self.integer(32)} for _ in range(self.rng.randint(0, 4))]}

    def size(self) -> int:
        roll = self.rng.random()
        if roll < 0.06:
            return 0
        if roll < 0.16:
            return 1
        if roll < 0.55 or self.kind == "small":
            return self.rng.randint(2, 4)
        return self.rng.randint(5, 10) if roll < 0.92 else self.rng.randint(11, 24)

    def collection(self, type: JavaType, size: int) -> list[Value]:
        rng, kind = self.rng, type.kind
        if kind == "map":
            keys = self.distinct(type.args[0], [self.value(type.args[0], hashed=True) for _ in range(size)])
            return [[key, self.value(type.args[1])] for key in keys]
        element = type.args[0]
        if element.kind in ("list", "array") and kind != "set":
            size = min(size, rng.randint(1, 6)) if size else 0
            width = size if rng.random() < 0.35 else rng.randint(1, 5)
            jagged = rng.random() < 0.2
            rows = []
            for _ in range(size):
                row = self.collection(element, rng.randint(0, 5) if jagged else width)
                while not jagged and 0 < len(row) < width:  # keys that fell together
                    row.append(self.value(element.args[0]))
                rows.append(row[:width] if not jagged else row)
            return rows
        items = [self.value(element, hashed=kind == "set") for _ in range(size)]
        if kind == "set":
            return self.distinct(element, items)
        roll = rng.random()
        if not items:
            return items
        if roll < 0.2:  # duplicates
            few = items[: rng.randint(1, 3)]
            items = [rng.choice(few) for _ in items]
        elif roll < 0.35 and element.kind not in ("object", "list", "array", "map", "set"):
            items.sort(key=_order, reverse=roll < 0.22)
        elif roll < 0.45 and element.kind in INTEGERS:
            start = rng.randint(-3, 10)
            items = [_within(start + offset, INTEGERS[element.kind]) for offset in range(len(items))]
            if roll < 0.4:
                rng.shuffle(items)
        elif roll < 0.5:
            items = items[: (len(items) + 1) // 2]
            items += items[::-1]
        return items

    def distinct(self, element: JavaType, items: Sequence[Value]) -> list[Value]:
        """Without what is equal in Java or in Python."""
        found: dict[str, Value] = {}
        for item in items:
            if item is not None and not (element.kind in FLOATS and item == "NaN"):
                found.setdefault(
                    json.dumps(item + 0.0 if element.kind in FLOATS and not isinstance(item, str) else item), item
                )
        return list(found.values())

    def integer(self, bits: int) -> int:
        rng, roll = self.rng, self.rng.random()
        if self.kind == "small":
            found = rng.choice(self.integers) if self.integers and roll < 0.2 else rng.randint(-4, 20)
        elif self.integers and roll < 0.2:
            found = rng.choice(self.integers)
        elif self.bases and roll < 0.26:  # for remainders
            found = rng.choice(self.bases) * rng.randint(-4, 30) + rng.choice((0, 0, 1, -1))
        elif self.mild or self.kind == "tame" or roll < 0.45:
            found = rng.randint(-9, 9) if roll < 0.35 else rng.randint(0, 20) if roll < 0.8 else rng.randint(-100, 1000)
        elif roll < 0.65:
            found = rng.choice((1, -1)) * rng.randint(0, 100_000)
        elif roll < 0.75:
            top = 1 << (bits - 1)
            found = rng.choice((top - 1, -top, top - 1 - rng.randint(0, 10), -top + rng.randint(0, 10), 0, -1, 1))
        else:
            found = rng.choice((1, -1)) * rng.getrandbits(rng.randint(1, bits - 1))
        return _within(found, bits)

    def floating(self, kind: str) -> float:
        rng, roll = self.rng, self.rng.random()
        if self.doubles and roll < 0.15:
            found = rng.choice(self.doubles)
        elif self.mild or self.kind in ("tame", "small") or roll < 0.5:
            if roll < 0.3:
                found = float(rng.randint(-20, 20))
            elif roll < 0.45:
                found = rng.randint(-20, 20) + 0.5
            else:
                found = round(rng.uniform(-100, 1000 if roll > 0.9 else 100), rng.randint(0, 4))
        elif roll < 0.65:
            found = rng.choice(_DOUBLES if kind == "double" else _FLOATS)
        elif roll < 0.8:
            found = rng.uniform(-1, 1) * 10.0 ** rng.randint(-8, 20)
        else:
            found = (
                struct.unpack("<d", rng.randbytes(8))[0]
                if kind == "double"
                else struct.unpack("<f", rng.randbytes(4))[0]
            )
        return found + 0.0 if self.kind == "tame" else found  # no -0.0

    def char(self) -> str:
        rng, roll = self.rng, self.rng.random()
        if self.chars and roll < 0.3:
            return rng.choice(self.chars)
        if self.alphabet and roll < 0.4 and self.alphabet.isascii():
            return rng.choice(self.alphabet)
        if self.mild or self.kind == "tame" or roll < 0.85:
            return rng.choice(rng.choice((string.ascii_lowercase, string.ascii_uppercase, string.digits, _SIGNS)))
        if roll < 0.95:
            return rng.choice(BMP)
        return rng.choice((*LONE, chr(rng.randrange(128)), "\uffff"))

    def text(self) -> str:
        rng, roll = self.rng, self.rng.random()
        found = self.plain_text()
        if self.mild or self.kind == "tame" or roll < 0.72:
            return found
        if roll < 0.8:
            return rng.choice(_NUMERALS)
        if self.blanks and roll < 0.86:
            blank = rng.choice(self.blanks)
            return rng.choice((blank + found, found + blank, f" {blank}{found} ", f"{found}{blank}{found}"))
        strange = rng.choice(
            (rng.choice(BMP), rng.choice(BMP), rng.choice(ASTRAL), rng.choice(ASTRAL), rng.choice(LONE))
        )
        place = rng.randint(0, len(found))
        found = found[:place] + strange + found[place:]
        return found + rng.choice(BMP + ASTRAL) if roll > 0.92 else found

    def plain_text(self) -> str:
        rng, roll, size = self.rng, self.rng.random(), self.size()
        if self.words and roll < 0.15:
            found = rng.choice(self.words)
            return found if roll < 0.05 else self.spliced(found)
        if self.alphabet and roll < 0.35:
            pool = self.alphabet if roll < 0.2 or len(self.alphabet) < 3 else "".join(rng.sample(self.alphabet, 3))
            other = rng.choice(_ALPHABETS)
            return "".join(rng.choice(pool if rng.random() < 0.7 else other) for _ in range(size))
        if roll < 0.55:
            pool = rng.choice(_ALPHABETS)
            return "".join(rng.choice(pool) for _ in range(size))
        if roll < 0.7:
            single = [word for word in self.words if len(word) <= 2]
            glue = rng.choice(single) if single and rng.random() < 0.6 else rng.choice(_SEPARATORS)
            pieces = [rng.choice((*_WORDS, "", str(rng.randint(-20, 99)))) for _ in range(size)]
            return glue.join(pieces) + (glue * rng.randint(0, 2) if rng.random() < 0.3 else "")
        if roll < 0.78:
            half = "".join(rng.choice("abcAB12") for _ in range(size // 2 + 1))
            return half + half[::-1][rng.randint(0, 1) :]
        if roll < 0.83:
            return "".join(rng.choice("abc1") for _ in range(rng.randint(1, 3))) * rng.randint(1, 4)
        if roll < 0.88:
            return "".join(rng.choice("()[]{}") for _ in range(size))
        if roll < 0.93:
            number = rng.choice((*_NUMERALS[:20], str(rng.randint(-1000, 100_000))))
            return number if roll < 0.92 else rng.choice((f" {number}", f"{number} ", f"{number}_0", f"+{number}"))
        pool = string.ascii_letters + string.digits + _SIGNS
        return "".join(rng.choice(pool) for _ in range(size))

    def spliced(self, word: str) -> str:
        rng = self.rng
        extra = "".join(rng.choice(rng.choice(_ALPHABETS)) for _ in range(rng.randint(0, 4)))
        return rng.choice(
            (
                word + extra,
                extra + word,
                word * 2,
                word.swapcase(),
                word[: len(word) // 2] + extra,
                extra + word + extra,
            )
        )


def _within(value: int, bits: int) -> int:
    """Into the type's range, as Java's narrowing does it."""
    half = 1 << (bits - 1)
    return (value + half) % (2 * half) - half


def _float(value: float, kind: str) -> Value:
    """As a value: NaN and infinities as text. Of a `float` the nearest single-precision number."""
    if kind == "float" and math.isfinite(value):
        try:
            value = struct.unpack("<f", struct.pack("<f", value))[0]
        except OverflowError:
            value = math.copysign(math.inf, value)
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return float(value)


def _order(value: Value) -> Any:
    return (
        (-math.inf if value is None else {"NaN": math.inf, "Infinity": math.inf, "-Infinity": -math.inf}[value])
        if (value is None or value in ("NaN", "Infinity", "-Infinity"))
        else value
    )


def _units(value: str) -> int:
    return len(value.encode("utf-16-le", "surrogatepass")) // 2


def _unit(value: str, index: int) -> str:
    return value.encode("utf-16-le", "surrogatepass")[2 * index : 2 * index + 2].decode("utf-16-le", "surrogatepass")
