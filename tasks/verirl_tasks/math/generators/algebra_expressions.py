"""Algebra, second part: polynomials, powers, logarithms, sequences.

A product is equal to its expansion, so to copy the question would be right: such problems ask for the coefficients, or
name the form that the answer must have.

Levels: 1 one rule, small numbers; 2 more terms, negative numbers; 3 two rules or two variables; 4 equations, rational
values, three factors; 5 unknowns in exponents, recurrences, high powers.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from fractions import Fraction

from verirl_tasks.math.generators.kind import Drawn, Kind, distinct, key, nonzero
from verirl_tasks.math.generators.latex import (
    factor,
    finite_set,
    number,
    ordered,
    polynomial,
    power,
    term_sum,
)

_VARIABLES = "xyzt"


def value_at(coefficients: Sequence[int], x: int | Fraction) -> Fraction:
    result = Fraction(0)
    for coefficient in coefficients:
        result = result * x + coefficient
    return result


def multiply(*factors: Sequence[int]) -> list[int]:
    """The product of polynomials by their coefficients, highest power first."""
    product = [1]
    for one in factors:
        longer = [0] * (len(product) + len(one) - 1)
        for i, a in enumerate(product):
            for j, b in enumerate(one):
                longer[i + j] += a * b
        product = longer
    return product


def evaluate(draw: random.Random, level: int) -> Drawn:
    if level == 3:
        a, b, c, d = (nonzero(draw, 9) for _ in range(4))
        at, other = nonzero(draw, 6), nonzero(draw, 6)
        text = term_sum([(a, "x^2y"), (b, "xy"), (c, "y^2"), (d, "x")])
        return Drawn(
            key("two", a, b, c, d, at, other),
            f"What is the value of ${text}$ for $x = {at}$ and $y = {other}$?",
            str(a * at * at * other + b * at * other + c * other * other + d * at),
        )
    f, g = draw.choice(("fg", "pq", "gh"))
    x = draw.choice(_VARIABLES)
    degree = {1: 2, 2: 3, 4: 2, 5: 3}[level]
    outer = [nonzero(draw, 9), *(draw.randint(-9, 9) for _ in range(degree))]
    named = f"${f}({x}) = {polynomial(outer, x)}$"
    if level == 4:
        inner, at = [nonzero(draw, 6), draw.randint(-9, 9)], draw.randint(-5, 5)
        middle = value_at(inner, at)
        return Drawn(
            key(outer, inner, at),
            f"Let {named} and ${g}({x}) = {polynomial(inner, x)}$. What is ${f}({g}({at}))$?",
            number(value_at(outer, middle)),
        )
    if level == 5:
        under = draw.randint(2, 5)
        point = Fraction(draw.choice([n for n in range(-9, 10) if math.gcd(n, under) == 1]), under)
        asked = f"${f}\\left({number(point)}\\right)$"
        return Drawn(
            key(outer, point), f"Let {named}. What is {asked}? Give an exact answer.", number(value_at(outer, point))
        )
    at = draw.randint(2, 10) if level == 1 else draw.randint(-8, 8)
    text = draw.choice((f"Let {named}. What is ${f}({at})$?", f"For {named}, find ${f}({at})$."))
    return Drawn(key(outer, at), text, number(value_at(outer, at)))


def expand(draw: random.Random, level: int) -> Drawn:
    x = draw.choice(_VARIABLES)
    if level == 5:
        power_of, p, q = draw.randint(5, 9), draw.randint(1, 4), nonzero(draw, 4)
        last = [draw.randint(1, 5), nonzero(draw, 6)]
        found = multiply(*[[p, q]] * power_of, last)
        asked = draw.randint(2, power_of - 1)
        text = (
            f"What is the coefficient of ${power(x, asked)}$ in the expansion of "
            f"${factor((p, q), x)}^{power_of}{factor(last, x)}$?"
        )
        return Drawn(key(power_of, p, q, last, asked), text, str(found[-1 - asked]))
    if level == 1:
        factors = [[1, nonzero(draw, 15)] for _ in range(2)]
    elif level == 2:
        factors = [[draw.randint(2, 9), nonzero(draw, 12)], [nonzero(draw, 9), nonzero(draw, 12)]]
    elif level == 3:
        factors = [[draw.randint(1, 6), nonzero(draw, 9)], [draw.randint(1, 6), nonzero(draw, 9), nonzero(draw, 9)]]
    else:
        factors = [[draw.randint(1, 5), nonzero(draw, 8)] for _ in range(3)]
    found = multiply(*factors)
    product = "".join(factor(one, x) for one in factors)
    if draw.random() < 0.5:
        text = draw.choice(
            (f"Expand ${product}$ and collect like terms.", f"Write ${product}$ as a sum of powers of ${x}$.")
        )
        return Drawn(key(*sorted(factors)), text, polynomial(found, x), "expanded")
    names = "abcd"[: len(found)]
    shape = " + ".join(f"{name}{power(x, len(found) - 1 - place)}" for place, name in enumerate(names))
    asked_for = f"$({', '.join(names)})$"
    text = draw.choice(
        (
            f"Expand ${product}$ into the form ${shape}$. What is {asked_for}?",
            f"Written as ${shape}$, the product ${product}$ has which coefficients {asked_for}?",
        )
    )
    return Drawn(key(*sorted(factors)), text, ordered(*found))


def factorise(draw: random.Random, level: int) -> Drawn:
    x = draw.choice(_VARIABLES)
    factors: list[list[int]]
    answer: list[int]
    scale = draw.randint(2, 9) if level == 2 else 1
    if level <= 2:
        a, b = distinct(draw, [n for n in range(-15, 16) if n], 2)
        factors, answer = [[1, a], [1, b]], [a, b] if level == 1 else [scale, a, b]
        names, shape = ("a, b", f"({x} + a)({x} + b)") if level == 1 else ("k, a, b", f"k({x} + a)({x} + b)")
        where = "$a < b$"
        whole = [scale * n for n in multiply(*factors)]
    elif level == 3:
        a, c = distinct(draw, range(1, 10), 2)
        b, d = _prime_to(draw, a), _prime_to(draw, c)
        factors, answer = [[a, b], [c, d]], [a, b, c, d]
        names, shape, where = "a, b, c, d", f"(a{x} + b)(c{x} + d)", "integers $a$, $b$, $c$, $d$ and $0 < a < c$"
        whole = multiply(*factors)
    elif level == 4:
        answer = distinct(draw, [n for n in range(-12, 13) if n], 3)
        factors = [[1, n] for n in answer]
        names, shape, where = "a, b, c", f"({x} + a)({x} + b)({x} + c)", "$a < b < c$"
        whole = multiply(*factors)
    else:
        a = draw.randint(2, 7)
        b = _prime_to(draw, a)
        c, d = distinct(draw, [n for n in range(-9, 10) if n], 2)
        factors, answer = [[a, b], [1, c], [1, d]], [a, b, c, d]
        names = "a, b, c, d"
        shape, where = f"(a{x} + b)({x} + c)({x} + d)", "integers $a$, $b$, $c$, $d$, $a > 1$ and $c < d$"
        whole = multiply(*factors)
    if draw.random() < 0.5:
        product = "".join(factor(one, x) for one in factors)
        text = f"Factor ${polynomial(whole, x)}$ completely over the integers."
        return Drawn(key(whole), text, f"{scale}{product}" if scale > 1 else product, "factored")
    text = draw.choice(
        (
            f"Factor ${polynomial(whole, x)}$ into the form ${shape}$ with {where}. What is $({names})$?",
            f"The polynomial ${polynomial(whole, x)}$ equals ${shape}$ with {where}. Find $({names})$.",
        )
    )
    return Drawn(key(whole), text, ordered(*answer))


def _prime_to(draw: random.Random, a: int) -> int:
    return draw.choice([n for n in range(-12, 13) if n and math.gcd(n, a) == 1])


def powers(draw: random.Random, level: int) -> Drawn:
    r = draw.randint
    x = draw.choice(_VARIABLES)
    if level <= 2:
        base = draw.choice((x, "2", "3", "5", "7", "10"))
        if level == 1:
            given = [r(2, 20) for _ in range(r(2, 3))]
            text, total = " \\cdot ".join(power(base, n) for n in given), sum(given)
            unit = key("product", sorted(given))
        else:
            inner, outer, under = r(2, 12), r(2, 6), r(2, 20)
            text = f"\\frac{{({power(base, inner)})^{outer}}}{{{power(base, under)}}}"
            total = inner * outer - under
            unit = key("quotient", inner, outer, under)
        assumed = f" for all ${base} \\ne 0$" if base == x else ""
        unit = f"{unit}:{'x' if base == x else base}"
        return Drawn(unit, f"For which integer $k$ is ${text} = {base}^k${assumed}?", str(total))
    if level == 3:
        over, under, root = r(2, 9), r(1, 9), r(2, 4)
        ratio = Fraction(over, under if over != under else 1)
        top = draw.choice([n for n in range(-5, 6) if math.gcd(n, root) == 1])
        whole = ratio**root
        shown = number(whole) if whole.denominator == 1 else f"\\left({number(whole)}\\right)"
        text = f"What is ${shown}^{{{top}/{root}}}$? Give an exact answer."
        return Drawn(key(whole, top, root), text, number(ratio**top))
    number_base = draw.choice((2, 3, 5))
    if level == 4:
        i, j = draw.sample(range(1, 5), 2)
        a, c = r(1, 6), nonzero(draw, 6)
        if i * a == j * c:
            c = -c
        b, d = nonzero(draw, 9), nonzero(draw, 9)
        text = f"{number_base**i}^{{{polynomial((a, b), x)}}} = {number_base**j}^{{{polynomial((c, d), x)}}}"
        solution = number(Fraction(j * d - i * b, i * a - j * c))
        unit = key(*sorted([[number_base**i, a, b], [number_base**j, c, d]]))
        return Drawn(unit, f"Solve for ${x}$: ${text}$. Give an exact answer.", solution)
    scale, times = r(1, 3), r(1, 12)
    low, high = distinct(draw, range(8 - number_base), 2)
    middle, last = times * (number_base**low + number_base**high), times * number_base ** (low + high)
    square, single = f"{number_base ** (2 * scale)}^{x}", f"{number_base**scale}^{x}"
    first = square if times == 1 else f"{times} \\cdot {square}"
    text = f"Find all real solutions of ${first} - {middle} \\cdot {single} + {last} = 0$. Give them as a set."
    solutions = [number(Fraction(exponent, scale)) for exponent in (low, high)]
    return Drawn(key("hidden", number_base, scale, times, low, high), text, finite_set(solutions))


def logarithm(draw: random.Random, level: int) -> Drawn:
    r = draw.randint
    if level == 1:
        (b, m), (c, n) = ((base, r(1, 3 if base > 5 else 5)) for base in (r(2, 10), r(2, 10)))
        sign = draw.choice("+-")
        total = m + n if sign == "+" else m - n
        pairs = [(b, m), (c, n)]
        unit = key(sign, *(sorted(pairs) if sign == "+" else pairs))
        return Drawn(unit, f"What is $\\log_{{{b}}} {b**m} {sign} \\log_{{{c}}} {c**n}$?", str(total))
    if level == 2:
        b, i, j = r(2, 7), r(1, 4), nonzero(draw, 6)
        text = f"\\log_{{{b**i}}} {f'{b**j}' if j > 0 else number(Fraction(1, b**-j))}"
        # Unlike (4, 1, 2) and (2, 2, 4), the numbers that are shown say which problem it is.
        return Drawn(key(b**i, Fraction(b) ** j), f"What is ${text}$? Give an exact answer.", number(Fraction(j, i)))
    b = draw.choice((2, 3, 5, 6, 7, 10))
    if level == 3:
        m, n, i, j = r(2, 15), r(2, 15), r(1, 3), r(0, 2)
        u, v, w = m * b**i, n * b**j, m * n
        text = f"\\log_{{{b}}} {u} + \\log_{{{b}}} {v} - \\log_{{{b}}} {w}"
        return Drawn(key(b, sorted([u, v]), w), f"What is ${text}$?", str(i + j))
    x = draw.choice(_VARIABLES)
    if level == 4:
        a, c, k = nonzero(draw, 9), nonzero(draw, 40), r(0, 3)
        return Drawn(
            key(b, a, c, k),
            f"Solve for ${x}$: $\\log_{{{b}}}({polynomial((a, c), x)}) = {k}$. Give an exact answer.",
            number(Fraction(b**k - c, a)),
        )
    solution = r(-30, 30)
    i, j = distinct(draw, range({2: 7, 3: 5}.get(b, 4)), 2)
    shifts = [b**i - solution, b**j - solution]
    draw.shuffle(shifts)
    left = " + ".join(f"\\log_{{{b}}}({polynomial((1, shift), x)})" for shift in shifts)
    return Drawn(key("sum", b, sorted(shifts)), f"Solve for ${x}$: ${left} = {i + j}$.", str(solution))


def sequence(draw: random.Random, level: int) -> Drawn:
    r = draw.randint
    if level in (1, 2):
        first, step, count = r(-40, 60), nonzero(draw, 15), r(8, 60)
        given = f"An arithmetic sequence has first term ${first}$ and common difference ${step}$."
        if level == 1:
            return Drawn(
                key("term", first, step, count),
                f"{given} What is its {nth(count)} term?",
                str(first + (count - 1) * step),
            )
        total = count * (2 * first + (count - 1) * step) // 2
        return Drawn(key("sum", first, step, count), f"{given} What is the sum of its first {count} terms?", str(total))
    if level == 3:
        first, step = r(-60, 60), nonzero(draw, 15)
        i, j, k = draw.sample(range(2, 61), 3)
        i, j = min(i, j), max(i, j)
        a, b, c = (first + (place - 1) * step for place in (i, j, k))
        text = (
            f"In an arithmetic sequence the {nth(i)} term is ${a}$ and the {nth(j)} term is ${b}$. "
            f"What is the {nth(k)} term?"
        )
        return Drawn(key("terms", i, a, j, b, k), text, str(c))
    if level == 4:
        under = r(2, 9)
        ratio = Fraction(draw.choice([n for n in range(1 - under, under) if math.gcd(n, under) == 1]), under)
        first = nonzero(draw, 50)
        given = f"A geometric sequence has first term ${first}$ and common ratio ${number(ratio)}$."
        if draw.random() < 0.5:
            return Drawn(
                key("infinite", first, ratio),
                f"{given} What is the sum of all its terms? Give an exact answer.",
                number(first / (1 - ratio)),
            )
        count = r(3, 5)
        return Drawn(
            key("geometric", first, ratio, count),
            f"{given} What is the sum of its first {count} terms? Give an exact answer.",
            number(first * (1 - ratio**count) / (1 - ratio)),
        )
    p, q, count = nonzero(draw, 5), nonzero(draw, 5), r(5, 8)
    terms = [r(-5, 9), r(1, 9)]
    text = (
        f"A sequence has $a_1 = {terms[0]}$, $a_2 = {terms[1]}$ and "
        f"$a_{{n+1}} = {term_sum([(p, 'a_n'), (q, 'a_{n-1}')])}$ for all $n \\ge 2$. What is $a_{count}$?"
    )
    unit = key("recurrence", p, q, terms, count)
    while len(terms) < count:
        terms.append(p * terms[-1] + q * terms[-2])
    return Drawn(unit, text, str(terms[-1]))


def nth(place: int) -> str:
    """`21st`, `12th`."""
    ending = "th" if 10 <= place % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(place % 10, "th")
    return f"{place}{ending}"


KINDS = (
    Kind("evaluate", evaluate),
    Kind("expand", expand),
    Kind("factor", factorise),
    Kind("powers", powers),
    Kind("logarithm", logarithm),
    Kind("sequence", sequence),
)
