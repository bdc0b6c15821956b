"""Algebra, first part: linear and quadratic equations, systems, inequalities.

Levels: 1 one step with small numbers; 2 unknowns on both sides, leading coefficients; 3 brackets, rational solutions,
absolute values; 4 fractions, surds, three unknowns; 5 several brackets, rearranged equations, sign charts.
"""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Sequence
from fractions import Fraction

from verirl_tasks.math.generators.kind import Drawn, Kind, distinct, key, nonzero
from verirl_tasks.math.generators.latex import (
    Number,
    factor,
    finite_set,
    interval,
    number,
    ordered,
    polynomial,
    square_part,
    surd,
    term_sum,
)

_VARIABLES = "xyztnpw"
_RELATIONS = ("<", "\\le", ">", "\\ge")


def linear_equation(draw: random.Random, level: int) -> Drawn:
    r = draw.randint
    x = draw.choice(_VARIABLES)
    solution: Number
    if level <= 2:
        solution, a, b = r(-15, 15), nonzero(draw, 12), nonzero(draw, 30)
        c = 0 if level == 1 else draw.choice([c for c in range(-12, 13) if c not in (0, a)])
        d = (a - c) * solution + b
        sides = [(a, b), (c, d)]
        left, right = polynomial((a, b), x), polynomial((c, d), x)
        unit = key(*sorted(sides))  # turned around it is the same equation
    elif level == 3:
        a, c = distinct(draw, range(2, 13), 2)
        if draw.random() < 0.5:
            a, c = c, a
        b, d = nonzero(draw, 12), nonzero(draw, 40)
        solution = Fraction(d - a * b, a - c)
        left, right = f"{a}{factor((1, b), x)}", polynomial((c, d), x)
        unit = key("brackets", a, b, c, d)
    elif level == 4:
        b, e = draw.sample(range(2, 10), 2)
        a, d, c = nonzero(draw, 12), nonzero(draw, 12), nonzero(draw, 9)
        solution = (Fraction(d, e) - Fraction(a, b) - c) / (Fraction(1, b) - Fraction(1, e))
        tail = term_sum([(1, " "), (c, "")])  # "  + 3"
        left, right = f"\\frac{{{polynomial((1, a), x)}}}{{{b}}}{tail[1:]}", f"\\frac{{{polynomial((1, d), x)}}}{{{e}}}"
        unit = key("fractions", a, b, c, d, e)
    else:
        a, b, d, e = r(2, 9), r(2, 9), r(2, 9), r(2, 9)
        c, f, h = nonzero(draw, 12), nonzero(draw, 12), nonzero(draw, 40)
        g = draw.choice([g for g in range(-15, 16) if g not in (0, a * b - d * e)])
        solution = Fraction(h - a * c + d * f, a * b - d * e - g)
        left = f"{a}{factor((b, c), x)} - {d}{factor((e, f), x)}"
        right = polynomial((g, h), x)
        unit = key("two-brackets", a, b, c, d, e, f, g, h)
    exact = "" if level <= 2 else " Give an exact answer."
    text = draw.choice(
        (
            f"Solve for ${x}$: ${left} = {right}$.{exact}",
            f"Find the value of ${x}$ for which ${left} = {right}$.{exact}",
            f"What is ${x}$ if ${left} = {right}$?{exact}",
        )
    )
    return Drawn(unit, text, number(solution))


def quadratic_equation(draw: random.Random, level: int) -> Drawn:
    x = draw.choice(_VARIABLES)
    moved = (0, 0)  # from the left to the right side
    if level == 1:
        one, other = distinct(draw, range(-12, 13), 2)
        a, b, c = 1, -one - other, one * other
    elif level == 2:
        one, other = distinct(draw, range(-15, 16), 2)
        scale = draw.randint(2, 9)
        a, b, c = scale, -scale * (one + other), scale * one * other
    elif level == 3:
        while True:
            p, s = draw.randint(2, 7), draw.randint(1, 7)
            q, t = nonzero(draw, 12), nonzero(draw, 12)
            if p * t != q * s:
                break
        a, b, c = p * s, p * t + q * s, q * t
    else:
        while True:
            a = 1 if level == 4 else draw.randint(2, 9)
            b = 2 * nonzero(draw, 12) if level == 4 else nonzero(draw, 25)
            c = nonzero(draw, 40)
            square = b * b - 4 * a * c
            if square > 0 and math.isqrt(square) ** 2 != square:
                break
        if level == 5:
            moved = (nonzero(draw, 15), nonzero(draw, 30))
    left, right = polynomial((a, b + moved[0], c + moved[1]), x), polynomial(moved, x)
    text = draw.choice(
        (
            f"Find all real solutions of ${left} = {right}$. Give them as a set.",
            f"What is the set of all real numbers ${x}$ with ${left} = {right}$?",
            f"Give the set of real solutions of the equation ${left} = {right}$.",
        )
    )
    return Drawn(key([a, b, c], moved), text, finite_set(_roots(a, b, c)))


def _roots(a: int, b: int, c: int) -> list[str]:
    """Both real roots, the smaller one first, for a > 0 and b * b > 4 * a * c."""
    outside, inside = square_part(b * b - 4 * a * c)
    if inside == 1:
        return [number(Fraction(-b + sign * outside, 2 * a)) for sign in (-1, 1)]
    return [surd(-b, sign * outside, inside, 2 * a) for sign in (-1, 1)]


def roots_sum(draw: random.Random, level: int) -> Drawn:
    """Symmetric functions of the roots of a quadratic, which need not be real."""
    top = 1 if level <= 3 else draw.randint(2, 9)
    b, c = nonzero(draw, 20), nonzero(draw, 30)
    total, product = Fraction(-b, top), Fraction(c, top)
    forms: dict[str, Number] = {
        "r^2 + s^2": total**2 - 2 * product,
        "\\frac{1}{r} + \\frac{1}{s}": total / product,
        "r^3 + s^3": total**3 - 3 * total * product,
        "(r - s)^2": total**2 - 4 * product,
        "\\frac{r}{s} + \\frac{s}{r}": (total**2 - 2 * product) / product,
        "\\frac{r^2}{s} + \\frac{s^2}{r}": (total**3 - 3 * total * product) / product,
    }
    first = {2: 0, 3: 1, 4: 2, 5: 4}[level]
    form = draw.choice(list(forms)[first : first + 2])
    text = (
        f"Let $r$ and $s$ be the roots, real or complex, of ${polynomial((top, b, c))} = 0$. "
        f"What is ${form}$? Give an exact answer."
    )
    return Drawn(key(list(forms).index(form), top, b, c), text, number(forms[form]))


def system(draw: random.Random, level: int) -> Drawn:
    size = 2 if level <= 3 else 3
    coefficient, most = {1: (3, 10), 2: (9, 12), 3: (9, 12), 4: (4, 8), 5: (9, 12)}[level]
    while True:
        rows = [[nonzero(draw, coefficient) for _ in range(size)] for _ in range(size)]
        if level == 1:
            rows[0] = [1, 1]
        det = _determinant(rows)
        if det != 0:
            break
    if level == 3:
        right = [draw.randint(-30, 30) for _ in rows]
        solution: list[Number] = []
        for column in range(size):
            replaced = [[*row[:column], value, *row[column + 1 :]] for row, value in zip(rows, right, strict=True)]
            solution.append(Fraction(_determinant(replaced), det))
    else:
        solution = [draw.randint(-most, most) for _ in rows]
        right = [sum(int(a * x) for a, x in zip(row, solution, strict=True)) for row in rows]
    names = draw.choice(("xyz", "abc", "pqr", "uvw"))[:size]
    lines = [f"${term_sum(zip(row, names, strict=True))} = {value}$" for row, value in zip(rows, right, strict=True)]
    # The order of the equations and that of the unknowns do not make another system.
    unit = min(
        sorted([*(row[place] for place in places), value] for row, value in zip(rows, right, strict=True))
        for places in itertools.permutations(range(size))
    )
    asked = f"$({', '.join(names)})$"
    listed = " and ".join((", ".join(lines[:-1]), lines[-1]))
    exact = " Give exact numbers." if level == 3 else ""
    text = draw.choice((f"Solve the system {listed} for {asked}.", f"Given {listed}, what is {asked}?")) + exact
    return Drawn(key(*unit), text, ordered(*solution))


def _determinant(rows: Sequence[Sequence[int]]) -> int:
    if len(rows) == 1:
        return rows[0][0]
    return sum(
        (-1) ** place * value * _determinant([[*row[:place], *row[place + 1 :]] for row in rows[1:]])
        for place, value in enumerate(rows[0])
    )


def inequality(draw: random.Random, level: int) -> Drawn:
    x = draw.choice(_VARIABLES)
    relation = draw.choice(_RELATIONS)
    if level == 1:
        a, b, c = draw.randint(2, 12), nonzero(draw, 20), nonzero(draw, 40)
        left, right = polynomial((a, b), x), str(c)
        answer = _where([Fraction(c - b, a)], [], 1, relation)
        unit = key(a, b, c)
    elif level == 2:
        a, c = draw.sample([n for n in range(-12, 13) if n], 2)
        b, d = nonzero(draw, 30), nonzero(draw, 30)
        left, right = polynomial((a, b), x), polynomial((c, d), x)
        answer = _where([Fraction(d - b, a - c)], [], 1 if a > c else -1, relation)
        unit = key(a, b, c, d)
    elif level == 3:
        a, b, c = draw.randint(1, 9), nonzero(draw, 20), draw.randint(1, 30)
        left, right = f"|{polynomial((a, b), x)}|", str(c)
        answer = _where([Fraction(-c - b, a), Fraction(c - b, a)], [], 1, relation)
        unit = key("absolute", a, b, c)
    elif level == 4:
        p, s, q, t = draw.randint(1, 4), draw.randint(1, 4), nonzero(draw, 10), nonzero(draw, 10)
        if p * t == q * s:
            t = -t
        scale = draw.choice((1, -1))
        left, right = polynomial([scale * n for n in (p * s, p * t + q * s, q * t)], x), "0"
        answer = _where(sorted((Fraction(-q, p), Fraction(-t, s))), [], scale, relation)
        unit = key("quadratic", scale * p * s, scale * (p * t + q * s), scale * q * t)
    else:
        a, b, c = draw.sample(range(-12, 13), 3)
        p, s = draw.randint(1, 3), draw.choice((1, 1, -1))
        if Fraction(a, p) in (b, c):
            p = 1
        top = f"{'-' if s < 0 else ''}{factor((p, -a), x)}{factor((1, -b), x)}"
        left, right = f"\\frac{{{top}}}{{{polynomial((1, -c), x)}}}", "0"
        answer = _where([Fraction(a, p), Fraction(b)], [Fraction(c)], s, relation)
        unit = key("quotient", s, *sorted([[p, a], [1, b]]), c)
    text = draw.choice(
        (
            f"Solve ${left} {relation} {right}$. Write the solution in interval notation.",
            f"Give all real ${x}$ with ${left} {relation} {right}$ in interval notation.",
        )
    )
    return Drawn(f"{unit}:{relation[-2:]}", text, answer)


def _where(zeros: Sequence[Fraction], poles: Sequence[Fraction], last: int, relation: str) -> str:
    """Where a function that changes sign at every zero and pole (all different), and has the sign `last` at the far
    right, is less or greater than zero."""
    closed = relation in ("\\le", "\\ge")
    wanted = 1 if relation in (">", "\\ge") else -1
    points = sorted([*zeros, *poles])
    sign = last * (-1) ** len(points)
    parts = []
    for low, high in itertools.pairwise([None, *points, None]):
        if sign == wanted:
            parts.append(interval(low, high, closed and low in zeros, closed and high in zeros))
        sign = -sign
    return " \\cup ".join(parts)


KINDS = (
    Kind("linear-equation", linear_equation),
    Kind("quadratic-equation", quadratic_equation),
    Kind("roots", roots_sum, (2, 3, 4, 5)),
    Kind("system", system),
    Kind("inequality", inequality),
)
