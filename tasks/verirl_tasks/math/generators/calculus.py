"""Calculus: derivatives, integrals, limits, extrema, tangents. Every answer is exact.

Levels: 1 polynomials of degree two; 2 higher degrees; 3 trigonometric and exponential functions, quotients; 4 the chain
rule and substitution; 5 products, integration by parts, second-order limits.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from fractions import Fraction

from verirl_tasks.math.generators.algebra_expressions import multiply, value_at
from verirl_tasks.math.generators.kind import Drawn, Kind, distinct, key, nonzero
from verirl_tasks.math.generators.latex import (
    Number,
    factor,
    number,
    polynomial,
    power,
    square_part,
    surd,
    term_sum,
)

_NAMES = "fghp"
_EXACT = "Give an exact answer."


def _polynomial(draw: random.Random, degree: int, most: int = 9) -> list[int]:
    return [nonzero(draw, most), *(draw.randint(-most, most) for _ in range(degree))]


def _slope(coefficients: Sequence[Number]) -> list[Number]:
    top = len(coefficients) - 1
    return [c * (top - place) for place, c in enumerate(coefficients[:-1])]


def _integral(coefficients: Sequence[Number], constant: Number = 0) -> list[Number]:
    top = len(coefficients)
    return [*(Fraction(c) / (top - place) for place, c in enumerate(coefficients)), constant]


def _at(coefficients: Sequence[Number], x: Number) -> Fraction:
    result = Fraction(0)
    for coefficient in coefficients:
        result = result * x + coefficient
    return result


def _inner(a: int, b: int) -> str:
    return polynomial((a, b))


def _exp(exponent: str) -> str:
    return f"e^{{{exponent}}}" if len(exponent) > 1 else f"e^{exponent}"


# The outer function of ax + b, its derivative without the factor a, and that derivative's own sign.
_OUTER: dict[str, tuple[Callable[[str], str], Callable[[str], str], int]] = {
    "sin": (lambda u: f"\\sin({u})", lambda u: f"\\cos({u})", 1),
    "cos": (lambda u: f"\\cos({u})", lambda u: f"\\sin({u})", -1),
    "exp": (_exp, _exp, 1),
}


def derivative(draw: random.Random, level: int) -> Drawn:
    r = draw.randint
    if level <= 2:
        given: list[int] = _polynomial(draw, r(2, 3) if level == 1 else r(4, 6), 9 if level == 1 else 12)
        shown, answer, unit = polynomial(given), polynomial(_slope(given)), key(given)
    elif level == 3:
        n, a, b = r(2, 6), nonzero(draw, 9), nonzero(draw, 9)
        outer = draw.choice((*_OUTER, "ln"))
        if outer == "ln":
            shown = term_sum([(a, power("x", n)), (b, "\\ln(x)")])
            answer = term_sum([(a * n, power("x", n - 1)), (b, "\\frac{1}{x}")])
        else:
            write, slope, sign = _OUTER[outer]
            shown = term_sum([(a, power("x", n)), (b, write("x"))])
            answer = term_sum([(a * n, power("x", n - 1)), (b * sign, slope("x"))])
        unit = key("sum", outer, n, a, b)
    elif level == 4:
        c, a, b = nonzero(draw, 9), r(2, 9), nonzero(draw, 9)
        outer = draw.choice((*_OUTER, "ln", "power"))
        inner = _inner(a, b)
        if outer == "ln":
            inner = _inner(a, abs(b))
            shown, answer = term_sum([(c, f"\\ln({inner})")]), _quotient(c * a, inner)
        elif outer == "power":
            n = r(3, 9)
            shown, answer = term_sum([(c, f"({inner})^{n}")]), term_sum([(c * n * a, f"({inner})^{n - 1}")])
            outer = f"power-{n}"
        else:
            write, slope, sign = _OUTER[outer]
            shown, answer = term_sum([(c, write(inner))]), term_sum([(c * a * sign, slope(inner))])
        unit = key("chain", outer, c, a, abs(b) if outer == "ln" else b)
    else:
        a, b, c, d = nonzero(draw, 9), nonzero(draw, 9), r(2, 9), nonzero(draw, 9)
        form = draw.choice((*_OUTER, "quotient"))
        if form == "quotient":
            if a * d == b * c:
                d = -d
            shown = f"\\frac{{{_inner(a, b)}}}{{{_inner(c, d)}}}"
            answer = _quotient(a * d - b * c, f"({_inner(c, d)})^2")
            unit = key("quotient", a, b, c, d)
        else:
            write, slope, sign = _OUTER[form]
            u = _inner(c, 0)
            shown = f"({_inner(a, b)}){write(u)}"
            if form == "exp":
                answer = f"({_inner(a * c, a + b * c)}){write(u)}"
            else:
                second = f"({_inner(a * c * sign, b * c * sign)}){slope(u)}"
                answer = f"{term_sum([(a, write(u))])} + {second}"
            unit = key("product", form, a, b, c)
    f = draw.choice(_NAMES)
    text = draw.choice(
        (
            f"Let ${f}(x) = {shown}$. Find the derivative ${f}'(x)$.",
            f"What is the derivative of ${f}(x) = {shown}$ with respect to $x$?",
            f"Differentiate ${f}(x) = {shown}$ with respect to $x$.",
        )
    )
    return Drawn(unit, text, answer)


def _quotient(over: int, under: str) -> str:
    return f"{'-' if over < 0 else ''}\\frac{{{abs(over)}}}{{{under}}}"


def slope_at(draw: random.Random, level: int) -> Drawn:
    r = draw.randint
    f = draw.choice(_NAMES)
    at = r(-5, 5)
    asked = f"{f}'"
    if level <= 2:
        given = _polynomial(draw, level + 1)
        shown, value, unit = polynomial(given), _at(_slope(given), at), key(given, at)
    elif level == 3:
        a, b, c, d = nonzero(draw, 9), nonzero(draw, 9), nonzero(draw, 6), nonzero(draw, 9)
        if a * d == b * c:
            d = -d
        while c * at + d == 0:
            at = r(-5, 5)
        shown = f"\\frac{{{_inner(a, b)}}}{{{_inner(c, d)}}}"
        value, unit = Fraction(a * d - b * c, (c * at + d) ** 2), key("quotient", a, b, c, d, at)
    elif level == 4:
        a, c = r(1, 9), nonzero(draw, 9)
        root = r(1, 9)  # the radicand at this place is root * root
        b = root * root - a * at
        shown = term_sum([(c, f"\\sqrt{{{_inner(a, b)}}}")])
        value, unit = Fraction(c * a, 2 * root), key("root", c, a, b, at)
    else:
        a, b, n, k, m = nonzero(draw, 4), nonzero(draw, 6), r(3, 5), r(1, 3), nonzero(draw, 6)
        at = r(-3, 3)
        shown = f"{term_sum([(m, power('x', k))])}({_inner(a, b)})^{n}"
        product = multiply([m, *[0] * k], *[[a, b]] * n)
        asked = f"{f}''"
        value, unit = _at(_slope(_slope(product)), at), key("second", a, b, n, k, m, at)
    exact = f" {_EXACT}" if level in (3, 4) else ""
    return Drawn(unit, f"Let ${f}(x) = {shown}$. What is ${asked}({at})$?{exact}", number(value))


def antiderivative(draw: random.Random, level: int) -> Drawn:
    r = draw.randint
    start = r(-9, 9)
    if level <= 2:
        degree = r(1, 2) if level == 1 else r(3, 4)
        given = _polynomial(draw, degree)
        if level == 1:  # whole coefficients in the answer
            given = [n * (degree + 1 - place) for place, n in enumerate(given)]
        shown, answer, unit = polynomial(given), polynomial(_integral(given, start)), key(given, start)
    elif level == 3:
        a, b, n = nonzero(draw, 9), nonzero(draw, 9), r(1, 4)
        outer = draw.choice(tuple(_OUTER))
        write = _OUTER[outer][0]
        shown = term_sum([(a * (n + 1), power("x", n)), (b, write("x"))])
        whole, constant = _outer_integral(outer, b, 1, start)
        answer = term_sum([(a, power("x", n + 1)), whole, (constant, "")])
        unit = key("sum", outer, a, b, n, start)
    elif level == 4:
        a, b = r(2, 12), nonzero(draw, 15)
        outer = draw.choice(tuple(_OUTER))
        shown = term_sum([(b, _OUTER[outer][0](_inner(a, 0)))])
        whole, constant = _outer_integral(outer, b, a, start)
        answer, unit = term_sum([whole, (constant, "")]), key("outer", outer, a, b, start)
    else:
        a, b = r(1, 6), nonzero(draw, 9)
        outer = draw.choice(tuple(_OUTER))
        write, slope, _ = _OUTER[outer]
        u = _inner(a, 0)
        shown = term_sum([(b, f"x{write(u)}")])
        first, second = Fraction(b, a), Fraction(b, a * a)  # by parts
        if outer == "exp":
            answer = term_sum([(first, f"x{write(u)}"), (-second, write(u)), (start + second, "")])
        elif outer == "sin":
            answer = term_sum([(-first, f"x{slope(u)}"), (second, write(u)), (start, "")])
        else:
            answer = term_sum([(first, f"x{slope(u)}"), (second, write(u)), (start - second, "")])
        unit = key("parts", outer, a, b, start)
    text = draw.choice(
        (
            f"Find the function $F(x)$ with $F'(x) = {shown}$ and $F(0) = {start}$.",
            f"The function $F$ has derivative $F'(x) = {shown}$, and $F(0) = {start}$. What is $F(x)$?",
        )
    )
    return Drawn(unit, text, answer)


def _outer_integral(outer: str, b: int, a: int, start: int) -> tuple[tuple[Fraction, str], Fraction]:
    """The integral of b * outer(ax) as a term, and the constant that makes it `start` at 0."""
    over, u = Fraction(b, a), _inner(a, 0)
    if outer == "exp":
        return (over, _exp(u)), start - over
    if outer == "sin":
        return (-over, f"\\cos({u})"), start + over
    return (over, f"\\sin({u})"), Fraction(start)


def definite_integral(draw: random.Random, level: int) -> Drawn:
    r = draw.randint
    low, high, answer = "0", "", ""
    if level <= 2:
        given = _polynomial(draw, r(1, 2) if level == 1 else 3)
        a, b = (0, r(1, 6)) if level == 1 else distinct(draw, range(-4, 6), 2)
        whole = _integral(given)
        low, high, shown, answer = str(a), str(b), polynomial(given), number(_at(whole, b) - _at(whole, a))
        unit = key(given, a, b)
    elif level == 3:
        a, b, k = nonzero(draw, 12), nonzero(draw, 12), r(1, 6)
        form, under = draw.choice(("sin", "cos")), r(1, 2)  # from 0 to pi, or to pi / 2, of the argument kx
        shown = term_sum([(a, f"\\{form}({_inner(k, 0)})"), (b, "")])
        top = Fraction(1, under * k)
        high = _pi(top)
        area = Fraction(a, k) * ((2 if under == 1 else 1) if form == "sin" else (0 if under == 1 else 1))
        answer = _with_pi(area, b * top)
        unit = key(form, a, b, k, under)
    elif level == 4:
        form = draw.choice(("power", "exp", "log"))
        if form == "power":
            a, c, n, b, m = r(1, 4), nonzero(draw, 5), r(2, 4), r(1, 3), nonzero(draw, 6)
            shown = f"{term_sum([(m, 'x')])}({polynomial((a, 0, c))})^{n}"
            value = Fraction(m, 2 * a * (n + 1)) * ((a * b * b + c) ** (n + 1) - c ** (n + 1))
            high, answer, unit = str(b), number(value), key("substitute", a, c, n, b, m)
        elif form == "exp":
            m, k, e = nonzero(draw, 12), r(1, 3), r(2, 9)
            shown, high = term_sum([(m, _exp(_inner(k, 0)))]), f"\\ln({e})"
            answer, unit = number(Fraction(m * (e**k - 1), k)), key("exp", m, k, e)
        else:
            m, c, e = nonzero(draw, 12), r(1, 12), r(2, 12)
            # From 0 to (e - 1) c the logarithm of x + c grows by that of e.
            shown, high = _quotient(m, _inner(1, c)), str((e - 1) * c)
            answer, unit = term_sum([(m, f"\\ln({e})")]), key("log", m, c, e)
    else:
        a, b, c = nonzero(draw, 12), r(-12, 12), r(1, 6)
        if draw.random() < 0.5:
            # (ax + b) e^(cx) has the integral (ax/c + b/c - a/c^2) e^(cx).
            shown, high = (
                f"{factor((a, b))}{_exp(_inner(c, 0))}" if b else f"{term_sum([(a, 'x')])}{_exp(_inner(c, 0))}",
                "1",
            )
            last = Fraction(b, c) - Fraction(a, c * c)
            answer = term_sum([(Fraction(a, c) + last, "e" if c == 1 else f"e^{c}"), (-last, "")])
            unit = key("parts-exp", a, b, c)
        else:
            # (ax + b) sin(cx) from 0 to pi / c: -(ax + b) cos(cx) / c + a sin(cx) / c^2.
            head = f"({_inner(a, b)})" if b else term_sum([(a, "x")])
            shown, high = f"{head}\\sin({_inner(c, 0)})", _pi(Fraction(1, c))
            answer = _with_pi(Fraction(2 * b, c), Fraction(a, c * c))
            unit = key("parts-sin", a, b, c)
    bounded = f"({shown})" if level <= 3 and " " in shown else shown
    text = f"Evaluate $\\int_{{{low}}}^{{{high}}} {bounded} \\, dx$. {_EXACT}"
    return Drawn(unit, text, answer)


def _pi(times: Fraction) -> str:
    over = "\\pi" if times.numerator == 1 else f"{times.numerator}\\pi"
    return over if times.denominator == 1 else f"\\frac{{{over}}}{{{times.denominator}}}"


def _with_pi(rational: Fraction, times: Fraction) -> str:
    """rational + times * pi."""
    if times == 0:
        return number(rational)
    pi = _pi(abs(times))
    if rational == 0:
        return f"{'-' if times < 0 else ''}{pi}"
    return f"{number(rational)} {'-' if times < 0 else '+'} {pi}"


def limit(draw: random.Random, level: int) -> Drawn:
    r = draw.randint
    to, answer = "0", ""
    a, b = nonzero(draw, 20), nonzero(draw, 20)
    if level == 1:
        root, other, scale = nonzero(draw, 12), r(-12, 12), nonzero(draw, 6)
        top = multiply([scale, -scale * root], [1, other])
        shown, to = f"\\frac{{{polynomial(top)}}}{{{polynomial((1, -root))}}}", str(root)
        answer, unit = number(scale * (root + other)), key("cancel", top, root)
    elif level == 2:
        degree = r(2, 4)
        over, under = _polynomial(draw, degree), _polynomial(draw, degree)
        shown, to = f"\\frac{{{polynomial(over)}}}{{{polynomial(under)}}}", "\\infty"
        answer, unit = number(Fraction(over[0], under[0])), key("infinity", over, under)
    elif level == 3:
        a = abs(a)
        form = draw.choice(("sin", "tan", "exp", "log", "sines"))
        below, u = term_sum([(b, "x")]), _inner(a, 0)
        above = {"sin": f"\\sin({u})", "tan": f"\\tan({u})", "exp": f"{_exp(u)} - 1", "log": f"\\ln(1 + {u})"}
        if form == "sines":
            b = abs(b) if abs(b) != a else a + 1
            below = f"\\sin({_inner(b, 0)})"
        shown = f"\\frac{{{above.get(form, above['sin'])}}}{{{below}}}"
        answer, unit = number(Fraction(a, b)), key(form, a, b)
    elif level == 4:
        if draw.random() < 0.5:
            root, c = r(1, 12), nonzero(draw, 9)
            shown = f"\\frac{{\\sqrt{{{polynomial((a, root * root))}}} - {root}}}{{{term_sum([(c, 'x')])}}}"
            answer, unit = number(Fraction(a, 2 * root * c)), key("root", a, root, c)
        else:
            root = nonzero(draw, 6)
            p, q = [nonzero(draw, 6), *_polynomial(draw, 1)], [nonzero(draw, 6), r(-9, 9)]
            while value_at(q, root) == 0:
                q[1] += 1
            over, under = multiply(p, [1, -root]), multiply(q, [1, -root])
            shown, to = f"\\frac{{{polynomial(over)}}}{{{polynomial(under)}}}", str(root)
            answer, unit = number(value_at(p, root) / value_at(q, root)), key("cancel", over, under, root)
    else:
        form = draw.choice(("cos", "exp", "e", "roots"))
        if form == "cos":
            a = abs(a)
            shown = f"\\frac{{1 - \\cos({_inner(a, 0)})}}{{{term_sum([(b, 'x^2')])}}}"
            answer, unit = number(Fraction(a * a, 2 * b)), key("cos", a, b)
        elif form == "exp":
            shown = f"\\frac{{{_exp(_inner(a, 0))} - 1 {'-' if a > 0 else '+'} {_inner(abs(a), 0)}}}{{{term_sum([(b, 'x^2')])}}}"
            answer, unit = number(Fraction(a * a, 2 * b)), key("exp2", a, b)
        elif form == "e":
            sign = "-" if a < 0 else "+"
            shown, to = f"\\left(1 {sign} \\frac{{{abs(a)}}}{{x}}\\right)^{{{_inner(b, 0)}}}", "\\infty"
            answer, unit = power("e", a * b), key("e", a, b)
        else:
            k = r(1, 6)
            shown = f"\\left(\\sqrt{{{polynomial((k * k, a, b))}}} - {_inner(k, 0)}\\right)"
            to, answer, unit = "\\infty", number(Fraction(a, 2 * k)), key("roots", k, a, b)
    return Drawn(unit, f"Evaluate $\\lim_{{x \\to {to}}} {shown}$. {_EXACT}", answer)


def extremum(draw: random.Random, level: int) -> Drawn:
    r = draw.randint
    if level <= 2:
        a = nonzero(draw, 1 if level == 1 else 9)
        b, c = (2 * a * nonzero(draw, 9), r(-30, 30)) if level == 1 else (nonzero(draw, 20), r(-30, 30))
        word = "minimum" if a > 0 else "maximum"
        text = f"What is the {word} value of $f(x) = {polynomial((a, b, c))}$ over all real $x$? {_EXACT}"
        return Drawn(key(a, b, c), text, number(c - Fraction(b * b, 4 * a)))
    if level == 5:
        a, b, shift = r(1, 20), r(1, 20), nonzero(draw, 15)
        shown = f"{term_sum([(a, 'x')])} + \\frac{{{b}}}{{x}} {'-' if shift < 0 else '+'} {abs(shift)}"
        outside, inside = square_part(a * b)
        least = str(shift + 2 * outside) if inside == 1 else surd(shift, 2 * outside, inside)
        text = f"What is the minimum value of $f(x) = {shown}$ over all $x > 0$? {_EXACT}"
        return Drawn(key("hyperbola", a, b, shift), text, least)
    low, high = distinct(draw, range(-6, 7), 2)
    k, c = nonzero(draw, 3), r(-30, 30)
    # The derivative is 6k (x - low)(x - high).
    given = [2 * k, -3 * k * (low + high), 6 * k * low * high, c]
    if level == 3:
        maximum = draw.random() < 0.5
        at = low if maximum == (k > 0) else high
        text = (
            f"The function $f(x) = {polynomial(given)}$ has one local maximum and one local minimum. What is the value "
            f"of $f$ at its local {'maximum' if maximum else 'minimum'}?"
        )
        return Drawn(key("local", given, maximum), text, number(value_at(given, at)))
    start, end = distinct(draw, range(-7, 8), 2)
    values = [value_at(given, x) for x in {start, end, *(x for x in (low, high) if start < x < end)}]
    maximum = draw.random() < 0.5
    text = (
        f"What is the {'maximum' if maximum else 'minimum'} value of $f(x) = {polynomial(given)}$ on the interval "
        f"$[{start}, {end}]$?"
    )
    return Drawn(key("closed", given, start, end, maximum), text, number(max(values) if maximum else min(values)))


def tangent(draw: random.Random, level: int) -> Drawn:
    r = draw.randint
    at = r(-5, 5)
    if level <= 3:
        given = _polynomial(draw, level)
        slope, height = _at(_slope(given), at), value_at(given, at)
        shown, unit = polynomial(given), key(given, at)
    elif level == 4:
        a, b = nonzero(draw, 12), r(-9, 9)
        while at + b == 0:
            at = r(-5, 5)
        shown, unit = _quotient(a, _inner(1, b)), key("hyperbola", a, b, at)
        slope, height = Fraction(-a, (at + b) ** 2), Fraction(a, at + b)
    else:
        a, c, root = r(1, 9), nonzero(draw, 9), r(1, 6)
        b = root * root - a * at
        shown, unit = term_sum([(c, f"\\sqrt{{{_inner(a, b)}}}")]), key("root", c, a, b, at)
        slope, height = Fraction(c * a, 2 * root), Fraction(c * root)
    line = polynomial((slope, height - slope * at))
    text = (
        f"Find the equation of the tangent to the curve $y = {shown}$ at the point with $x = {at}$. Write it in the form "
        "$y = mx + b$."
    )
    return Drawn(unit, text, f"y = {line}")


def area(draw: random.Random, level: int) -> Drawn:
    """Between a parabola and a line or parabola that meet at two whole numbers (level 5: at two rational ones)."""
    low: Number
    high: Number
    k = nonzero(draw, 4)
    under = 1 if level < 5 else draw.randint(2, 3)
    low, high = distinct(draw, range(-6, 7), 2)
    while low == high * under:
        low, high = distinct(draw, range(-6, 7), 2)
    # The difference is k (under x - low)(x - high).
    difference = multiply([k * under, -k * int(low)], [1, -int(high)])
    line = [0 if level == 4 else nonzero(draw, 4), nonzero(draw, 6), draw.randint(-9, 9)]
    curve = [a + b for a, b in zip(difference, line, strict=True)]
    low = Fraction(low, under)
    size = abs(k) * under * abs(high - low) ** 3 / 6
    text = (
        f"What is the area of the region between the curves $y = {polynomial(curve)}$ and $y = {polynomial(line)}$? "
        f"{_EXACT}"
    )
    return Drawn(key(*sorted((curve, line))), text, number(size))


KINDS = (
    Kind("derivative", derivative),
    Kind("slope", slope_at),
    Kind("antiderivative", antiderivative),
    Kind("definite-integral", definite_integral),
    Kind("limit", limit),
    Kind("extremum", extremum),
    Kind("tangent", tangent, (2, 3, 4, 5)),
    Kind("area", area, (4, 5)),
)
