"""Golds that are expressions: radicals, powers, complex numbers, polynomials, rational functions."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import comb, factorial, gcd

from mathgen.golds import (
    SQUARE_FREE,
    VARIABLES,
    Draw,
    Gold,
    frac,
    nonzero,
    power,
    proper,
    term,
    total,
)


def radical(draw: Draw) -> Gold:
    inside = draw.choice(SQUARE_FREE)
    factor = draw.randrange(2, 30)
    under = draw.choice((1, 1, 1, 7, 9))
    root = rf"\sqrt{{{inside}}}"
    if gcd(factor, under) > 1:
        under = 1

    def over(text: str) -> str:
        return text if under == 1 else rf"\frac{{{text}}}{{{under}}}"

    gold = Gold("radical", over(f"{factor}{root}"))
    gold.same(
        dot=over(rf"{factor} \cdot {root}"),
        behind=over(rf"{root} \cdot {factor}"),
        spaced=over(rf"{factor} \sqrt {{{inside}}}"),
        parentheses=over(rf"{factor}({root})"),
    )
    if inside < 10:
        gold.same(no_braces=over(rf"{factor}\sqrt{inside}"))
    if under > 1:
        gold.same(slash=rf"{factor}{root}/{under}", apart=rf"\frac{{{factor}}}{{{under}}}{root}")
    gold.unevaluated(
        inside=over(rf"\sqrt{{{factor * factor * inside}}}"),
        below=over(rf"\frac{{{factor * inside}}}{{{root}}}"),
        sum=over(rf"{factor - 1}{root} + {root}") if factor > 2 else over(rf"{root} + {root}"),
        half_power=over(rf"{factor} \cdot {inside}^{{1/2}}"),
    )
    gold.other(
        sign=f"-{gold.text}",
        under_root=over(rf"{factor}\sqrt{{{inside + 1}}}"),
        factor=over(rf"{factor + 1}{root}"),
        no_root=over(f"{factor * inside}"),
        swapped=over(rf"{inside}\sqrt{{{factor}}}") if inside * factor * (inside - factor) else over("0"),
        cube=over(rf"{factor}\sqrt[3]{{{inside}}}"),
        rounded=f"{factor * inside**0.5 / under:.1f}",
        sum=over(rf"{factor} + {root}"),
    )
    return gold


def surds(draw: Draw) -> Gold:
    """Both roots of a quadratic equation."""
    whole, inside = nonzero(draw, -9, 9), draw.choice(SQUARE_FREE)
    root = rf"\sqrt{{{inside}}}"
    gold = Gold("plus or minus", rf"{whole} \pm {root}")
    gold.same(
        both=rf"{whole} + {root}, {whole} - {root}",
        other_order=rf"{whole} - {root}, {whole} + {root}",
        words=rf"{whole} + {root} \text{{ and }} {whole} - {root}",
        assigned=rf"x = {whole} \pm {root}",
    )
    gold.policy(set=rf"\{{{whole} + {root}, {whole} - {root}\}}", minus_plus=rf"{whole} \mp {root}")
    gold.other(
        half=rf"{whole} + {root}",
        twice=rf"{whole} + {root}, {whole} + {root}",
        sign=rf"{-whole} \pm {root}",
        root=rf"{whole} \pm \sqrt{{{inside + 1}}}",
        extra=rf"{whole} + {root}, {whole} - {root}, 0",
    )
    return gold


def surd(draw: Draw) -> Gold:
    whole, factor, inside = nonzero(draw, -20, 20), draw.randrange(2, 9), draw.choice(SQUARE_FREE)
    root = rf"{factor}\sqrt{{{inside}}}"
    gold = Gold("surd", f"{whole} + {root}")
    gold.same(reordered=total([(1, root), (whole, "")]), tight=f"{whole}+{root}")
    gold.unevaluated(
        square=rf"\sqrt{{({whole} + {root})^2}}" if whole > 0 else rf"{root} - {-whole}",
        conjugate=rf"\frac{{{whole**2 - factor**2 * inside}}}{{{whole} - {root}}}",
    )
    gold.other(
        conjugate=f"{whole} - {root}",
        whole=f"{whole + 1} + {root}",
        factor=rf"{whole} + {factor + 1}\sqrt{{{inside}}}",
        part=root,
        product=rf"{whole} \cdot {root}" if whole != 1 else root,
    )
    return gold


def powers(draw: Draw) -> Gold:
    base, exponent = draw.choice((2, 3, 5, 7)), draw.randrange(12, 80)
    gold = Gold("power", f"{base}^{{{exponent}}}")
    gold.same(value=str(base**exponent), split=rf"{base} \cdot {base}^{{{exponent - 1}}}")
    gold.same(
        squared=f"({base}^{{{exponent // 2}}})^2"
        if exponent % 2 == 0
        else f"{base}^{{{exponent - 2}}} \\cdot {base * base}"
    )
    gold.other(
        exponent=f"{base}^{{{exponent + 1}}}",
        one_more=f"{base}^{{{exponent}}} + 1",
        value=str(base**exponent + 1),
        swapped=f"{exponent}^{{{base}}}",
        product=rf"{base} \cdot {exponent}",
    )
    return gold


def counting(draw: Draw) -> Gold:
    over = draw.randrange(6, 30)
    under = draw.randrange(2, over // 2)
    value = comb(over, under)
    falling = r" \cdot ".join(str(over - k) for k in range(under))
    gold = Gold("count", str(value))
    gold.unevaluated(
        binomial=rf"\binom{{{over}}}{{{under}}}",
        other_side=rf"\dbinom{{{over}}}{{{over - under}}}",
        factorials=rf"\frac{{{over}!}}{{{under}! \cdot {over - under}!}}",
        product=rf"\frac{{{falling}}}{{{factorial(under)}}}",
    )
    gold.other(
        binomial=rf"\binom{{{over}}}{{{under - 1}}}" if under > 1 else "0",
        ordered=str(value * factorial(under)),
        factorial=rf"{over}!",
        one_less=str(value - 1),
    )
    return gold


def pi_multiple(draw: Draw) -> Gold:
    factor = abs(proper(draw)) if draw.random() < 0.5 else Fraction(draw.randrange(2, 60))
    over, under = factor.numerator, factor.denominator
    shown = rf"{over}\pi" if over > 1 else r"\pi"
    gold = Gold("multiple of pi", shown if under == 1 else rf"\frac{{{shown}}}{{{under}}}")
    if under > 1:
        gold.same(apart=rf"\frac{{{over}}}{{{under}}}\pi", slash=rf"{shown}/{under}")
    gold.same(dot=rf"{frac(factor)} \cdot \pi", unicode=gold.text.replace(r"\pi", "π"))
    gold.unevaluated(sum=rf"{frac(factor - 1)}\pi + \pi" if factor > 1 else rf"\pi - {frac(1 - factor)}\pi")
    gold.other(
        no_pi=frac(factor),
        more=rf"{frac(factor + 1)}\pi",
        sign=f"-{gold.text}",
        squared=rf"{frac(factor)}\pi^2",
        rounded=f"{float(factor) * 3.14:.2f}" if factor > 2 else "3.14",
        tau=rf"{frac(2 * factor)}\pi",
    )
    return gold


def complex_number(draw: Draw) -> Gold:
    real, imaginary = nonzero(draw, -20, 20), nonzero(draw, -20, 20)
    if real == imaginary:
        real += 1 if real + 1 else 2
    gold = Gold("complex", total([(real, ""), (imaginary, "i")]))
    gold.same(
        reordered=total([(imaginary, "i"), (real, "")]),
        tight=total([(real, ""), (imaginary, "i")]).replace(" ", ""),
        spaced=rf"{real} + {imaginary} i" if imaginary > 0 else rf"{real} - {-imaginary} i",
    )
    first, second = nonzero(draw, -5, 5), nonzero(draw, -5, 5)
    scale = first * first + second * second
    # (real + imaginary i)(first - second i) over the conjugate's norm undoes itself
    gold.unevaluated(
        quotient=rf"\frac{{{total([(real * first - imaginary * second, ''), (real * second + imaginary * first, 'i')])}}}"
        rf"{{{total([(first, ''), (second, 'i')])}}}",
        square=total([(real, ""), (imaginary, "i")]) + rf" + {scale} + {scale} i^2",
    )
    gold.other(
        conjugate=total([(real, ""), (-imaginary, "i")]),
        sign=total([(-real, ""), (-imaginary, "i")]),
        swapped=total([(imaginary, ""), (real, "i")]),
        imaginary_only=term(imaginary, "i", first=True),
        real_only=str(real),
        modulus=rf"\sqrt{{{real**2 + imaginary**2}}}",
        point=f"({real}, {imaginary})",
        real_more=total([(real + 1, "") if real != -1 else (5, ""), (imaginary, "i")]),
    )
    return gold


def polynomial(draw: Draw) -> Gold:
    variable, wrong = draw.sample(VARIABLES, 2)
    degree = draw.randrange(2, 7)
    coefficients = [nonzero(draw, -9, 9) for _ in range(degree + 1)]

    def terms(values: Sequence[int], name: str = variable) -> list[tuple[int, str]]:
        return [(value, power(name, degree - index)) for index, value in enumerate(values)]

    changed = list(coefficients)
    changed[draw.randrange(degree + 1)] += 10
    gold = Gold("polynomial", total(terms(coefficients)))
    gold.same(
        reordered=total(terms(coefficients)[::-1]),
        tight=total(terms(coefficients)).replace(" ", ""),
        braces=total([(value, f"{variable}^{{{degree - index}}}") for index, value in enumerate(coefficients)]),
        stars="".join(
            f"{'-' if value < 0 else '+'}{abs(value)}*{variable}^{degree - index}"
            for index, value in enumerate(coefficients)
        ).lstrip("+"),
    )
    nested = f"{coefficients[0]}{variable}"
    for value in coefficients[1:-1]:
        nested = f"({nested} {'+' if value > 0 else '-'} {abs(value)}){variable}"
    gold.unevaluated(horner=nested + term(coefficients[-1], ""))
    gold.other(
        coefficient=total(terms(changed)),
        sign=total(terms([-value for value in coefficients])),
        constant_sign=total(terms([*coefficients[:-1], -coefficients[-1]])),
        dropped=total(terms([*coefficients[:-1], 0])),
        variable=total(terms(coefficients, wrong)),
        at_one=str(sum(coefficients)),
        exponent=total([(value, power(variable, degree - index + 1)) for index, value in enumerate(coefficients)]),
    )
    return gold


def factored(draw: Draw) -> Gold:
    variable = draw.choice("xyztn")
    first, second, scale = nonzero(draw, -9, 9), nonzero(draw, -9, 9), draw.randrange(2, 6)

    def bracket(root: int, factor: int = 1) -> str:
        return f"({total([(factor, variable), (-root, '')])})"

    expanded = [(scale, power(variable, 2)), (-scale * second - first, variable), (first * second, "")]
    gold = Gold("factored", bracket(first, scale) + bracket(second))
    gold.same(swapped=bracket(second) + bracket(first, scale), dot=rf"{bracket(first, scale)} \cdot {bracket(second)}")
    gold.same(sized=(bracket(first, scale) + bracket(second)).replace("(", r"\left(").replace(")", r"\right)"))
    gold.unevaluated(expanded=total(expanded))
    gold.other(
        root=bracket(first, scale) + bracket(second + 1),
        constant=total([*expanded[:2], (first * second + 1, "")]),
        sign=f"-{bracket(first, scale)}{bracket(second)}",
        dropped=bracket(first, scale),
    )
    return gold


def several_variables(draw: Draw) -> Gold:
    one, two, three = draw.sample("xyzabc", 3)
    p, q, r = (nonzero(draw, -8, 8) for _ in range(3))
    terms = [(p, f"{one}{two}"), (q, power(two, 2)), (r, three)]
    gold = Gold("several variables", total(terms))
    shuffled = draw.sample(terms, 3)
    gold.same(reordered=total(shuffled), commuted=total([(p, f"{two}{one}"), (q, power(two, 2)), (r, three)]))
    gold.same(dots=total([(p, rf"{one} \cdot {two}"), (q, power(two, 2)), (r, three)]))
    gold.unevaluated(grouped=f"{two}({total([(p, one), (q, two)])}){term(r, three)}")
    gold.other(
        swapped=total([(p, f"{one}{two}"), (q, power(one, 2)), (r, three)]),
        coefficient=total([(p, f"{one}{two}"), (q, power(two, 2)), (r + 20, three)]),
        dropped=total(terms[:2]),
        sum_for_product=total([(p, one), (p, two), (q, power(two, 2)), (r, three)]),
    )
    return gold


def rational_function(draw: Draw) -> Gold:
    variable = draw.choice("xtns")
    a, b, c = nonzero(draw, -9, 9), nonzero(draw, -9, 9), nonzero(draw, -9, 9)
    if a == b * c:
        a += 11  # else it would cancel
    over, under = total([(b, variable), (a, "")]), total([(1, variable), (c, "")])
    gold = Gold("rational function", rf"\frac{{{over}}}{{{under}}}")
    gold.same(dfrac=rf"\dfrac{{{over}}}{{{under}}}", slash=f"({over})/({under})")
    gold.same(reordered=rf"\frac{{{total([(a, ''), (b, variable)])}}}{{{total([(c, ''), (1, variable)])}}}")
    gold.same(both_signs=rf"\frac{{{total([(-b, variable), (-a, '')])}}}{{{total([(-1, variable), (-c, '')])}}}")
    gold.unevaluated(divided=rf"{b} + \frac{{{a - b * c}}}{{{under}}}")
    gold.other(
        upside_down=rf"\frac{{{under}}}{{{over}}}",
        sign=rf"-\frac{{{over}}}{{{under}}}",
        numerator=rf"\frac{{{total([(b, variable), (a + 1, '')])}}}{{{under}}}",
        no_brackets=f"{over}/{under}",
        numerator_only=over,
    )
    return gold
