r"""Golds that no rewriting of text settles: radicals in radicals, trigonometry, logarithms, polynomials in several variables.

Both the equal answers and the different ones need evaluation. The identities hold wherever both sides are defined.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from itertools import product

from mathgen.golds import SQUARE_FREE, Draw, Gold, frac, nonzero, power, term, total


def nested_radical(draw: Draw) -> Gold:
    """sqrt(m + n + 2 sqrt(mn)) = sqrt(m) + sqrt(n)."""
    m, n = sorted(
        draw.sample([2, 3, 5, 6, 7, 10, 11, 13, 14, 15, 17, 19, 21, 22, 23, 26, 29, 31, 33, 34, 35, 37, 38, 39], 2)
    )
    scale, under = draw.randrange(1, 40), draw.randrange(1, 40)
    front = rf"\frac{{{scale}}}{{{under}}}"
    gold = Gold("nested radical", rf"{front}\left(\sqrt{{{n}}} + \sqrt{{{m}}}\right)")
    gold.unevaluated(
        nested=rf"{front}\sqrt{{{m + n} + 2\sqrt{{{m * n}}}}}",
        quotient=rf"\frac{{{scale * (n - m)}}}{{{under}(\sqrt{{{n}}} - \sqrt{{{m}}})}}",
        fourth=rf"\frac{{{scale}}}{{{under}}}\sqrt[4]{{({m + n} + 2\sqrt{{{m * n}}})^2}}",
        turned=rf"\frac{{{scale}\sqrt{{{m}}} + {scale}\sqrt{{{n}}}}}{{{under}}}",
    )
    gold.other(
        nested=rf"{front}\sqrt{{{m + n} + 2\sqrt{{{m * n + 1}}}}}",
        minus=rf"{front}\sqrt{{{m + n} - 2\sqrt{{{m * n}}}}}",
        joined=rf"{front}\sqrt{{{m + n}}}",
        quotient=rf"\frac{{{scale * (n - m)}}}{{{under}(\sqrt{{{n}}} + \sqrt{{{m}}})}}",
    )
    return gold


def cube_roots(draw: Draw) -> Gold:
    r"""1 / (cbrt(n + 1) - cbrt(n)) = cbrt((n + 1)^2) + cbrt(n (n + 1)) + cbrt(n^2)."""
    n, k = draw.randrange(2, 400), draw.randrange(1, 30)
    gold = Gold("cube roots", rf"\frac{{{k}}}{{\sqrt[3]{{{n + 1}}} - \sqrt[3]{{{n}}}}}")
    roots = [rf"\sqrt[3]{{{number}}}" for number in ((n + 1) ** 2, n * (n + 1), n * n)]
    gold.unevaluated(
        expanded=f"{k}({' + '.join(roots)})",
        powers=rf"{k} \cdot {n + 1}^{{2/3}} + {k} \cdot ({n}\cdot {n + 1})^{{1/3}} + {k} \cdot {n}^{{2/3}}",
    )
    gold.other(
        sign=f"{k}({roots[0]} - {roots[1]} + {roots[2]})",
        root=rf"{k}({roots[0]} + {roots[1]} + \sqrt[3]{{{n * n + 1}}})",
        reciprocal=rf"\frac{{\sqrt[3]{{{n + 1}}} - \sqrt[3]{{{n}}}}}{{{k}}}",
    )
    return gold


def trigonometric(draw: Draw) -> Gold:
    x, m, n = draw.choice(("x", r"\theta", r"\alpha", "u", "y")), draw.randrange(2, 60), draw.randrange(2, 9)
    a = rf"{n}{x}" if n > 1 else x
    identities = (
        (rf"\cos({2 * n}{x})", (rf"1 - 2\sin^2({a})", rf"\cos^2({a}) - \sin^2({a})"), rf"1 + 2\sin^2({a})"),
        (
            rf"\sin({2 * n}{x})",
            (rf"2\sin({a})\cos({a})", rf"\frac{{2\tan({a})}}{{1 + \tan^2({a})}}"),
            rf"\sin({a})\cos({a})",
        ),
        (rf"\sin({3 * n}{x})", (rf"3\sin({a}) - 4\sin^3({a})",), rf"4\sin({a}) - 3\sin^3({a})"),
        (rf"\cos({3 * n}{x})", (rf"4\cos^3({a}) - 3\cos({a})",), rf"4\cos^3({a}) + 3\cos({a})"),
        (rf"\sec^2({a})", (rf"1 + \tan^2({a})", rf"\frac{{1}}{{1 - \sin^2({a})}}"), rf"1 - \tan^2({a})"),
        (
            rf"\tan({2 * n}{x})",
            (rf"\frac{{2\tan({a})}}{{1 - \tan^2({a})}}",),
            rf"\frac{{2\tan({a})}}{{1 + \tan^2({a})}}",
        ),
    )
    left, rights, wrong = draw.choice(identities)
    gold = Gold("trigonometry", rf"{m}{left} + {n}")
    for index, right in enumerate(rights):
        gold.unevaluated(**{f"identity_{index}": rf"{m}\left({right}\right) + {n}"})
    gold.other(
        identity=rf"{m}\left({wrong}\right) + {n}",
        constant=rf"{m}\left({rights[0]}\right) + {n + 1}",
        factor=rf"{m + 1}\left({rights[0]}\right) + {n}",
        variable=rf"{m}\left({rights[0].replace(x, 'z')}\right) + {n}",
    )
    return gold


def special_angles(draw: Draw) -> Gold:
    values = (
        (r"\sin\frac{\pi}{12}", r"\frac{\sqrt{6} - \sqrt{2}}{4}"),
        (r"\cos\frac{\pi}{12}", r"\frac{\sqrt{6} + \sqrt{2}}{4}"),
        (r"\tan\frac{\pi}{12}", r"2 - \sqrt{3}"),
        (r"\tan\frac{\pi}{8}", r"\sqrt{2} - 1"),
        (r"\cos\frac{\pi}{5}", r"\frac{1 + \sqrt{5}}{4}"),
        (r"\sin\frac{\pi}{10}", r"\frac{\sqrt{5} - 1}{4}"),
        (r"\cos 36^\circ", r"\frac{1 + \sqrt{5}}{4}"),
        (r"\sin 15^\circ", r"\frac{\sqrt{6} - \sqrt{2}}{4}"),
        (r"\arctan(1)", r"\frac{\pi}{4}"),
        (r"\arcsin\frac{1}{2}", r"\frac{\pi}{6}"),
    )
    (angle, value), (_, wrong) = draw.sample(values, 2)
    while wrong == value:
        wrong = draw.choice(values)[1]
    m, n = draw.randrange(2, 99), nonzero(draw, -99, 99)
    gold = Gold("special angle", f"{m}\\left({value}\\right){term(n, '')}")
    gold.unevaluated(angle=f"{m}{angle}{term(n, '')}", turned=rf"{n} + {m} {angle}")
    gold.other(
        wrong=f"{m}\\left({wrong}\\right){term(n, '')}",
        constant=f"{m}{angle}{term(n + 100, '')}",
        sign=f"-{m}{angle}{term(n, '')}",
    )
    return gold


def logarithm(draw: Draw) -> Gold:
    base, a, b = draw.choice((2, 3, 5, 6, 7, 10)), draw.randrange(2, 60), draw.randrange(2, 60)
    k = draw.randrange(2, 5)
    gold = Gold("logarithm", rf"\log_{{{base}}} ({a**k * b})")
    gold.unevaluated(
        split=rf"{k}\log_{{{base}}} {a} + \log_{{{base}}} {b}",
        natural=rf"\frac{{\ln {a**k * b}}}{{\ln {base}}}",
        other_base=rf"{k}\log_{{{base**2}}} {a**2} + \frac{{\ln {b}}}{{\ln {base}}}",
    )
    gold.other(
        split=rf"{k}\log_{{{base}}} {a} + \log_{{{base}}} {b + 1}",
        natural=rf"\frac{{\ln {base}}}{{\ln {a**k * b}}}",
        base=rf"\log_{{{base + 1}}} ({a**k * b})",
        product=rf"{k + 1}\log_{{{base}}} {a} + \log_{{{base}}} {b}",
    )
    return gold


def exponential(draw: Draw) -> Gold:
    x, a, b = draw.choice("xtuy"), draw.randrange(2, 12), draw.randrange(2, 12)
    m = draw.randrange(2, 40)
    gold = Gold("exponential", rf"e^{{{a}{x}}}\left(e^{{{b}{x}}} + {m}\right)^2")
    terms = [(1, rf"e^{{{a + 2 * b}{x}}}"), (2 * m, rf"e^{{{a + b}{x}}}"), (m * m, rf"e^{{{a}{x}}}")]
    gold.unevaluated(expanded=total(terms), turned=total(terms[::-1]))
    gold.other(
        dropped=total([terms[0], terms[2]]),
        coefficient=total([terms[0], (2 * m + 1, terms[1][1]), terms[2]]),
        exponent=total([terms[0], terms[1], (m * m, rf"e^{{{b + a}{x}}}")]),
    )
    return gold


Terms = dict[tuple[int, ...], int]


def _multiply(one: Terms, two: Terms) -> Terms:
    found: Terms = {}
    for (e1, c1), (e2, c2) in product(one.items(), two.items()):
        key = tuple(a + b for a, b in zip(e1, e2, strict=True))
        found[key] = found.get(key, 0) + c1 * c2
    return {key: value for key, value in found.items() if value}


def _write(terms: Terms, names: Sequence[str]) -> str:
    return total([(c, "".join(power(n, e) for n, e in zip(names, key, strict=True))) for key, c in terms.items()])


def polynomials(draw: Draw) -> Gold:
    names = draw.sample("xyzabc", 3)
    one: Terms = {(1, 0, 0): nonzero(draw, -5, 5), (0, 1, 0): nonzero(draw, -5, 5), (0, 0, 0): nonzero(draw, -5, 5)}
    two: Terms = {(0, 1, 0): nonzero(draw, -5, 5), (0, 0, 1): nonzero(draw, -5, 5), (1, 0, 1): nonzero(draw, -5, 5)}
    times = draw.randrange(2, 5)
    expanded = two
    for _ in range(times):
        expanded = _multiply(expanded, one)
    shuffled = dict(draw.sample(list(expanded.items()), len(expanded)))
    key = draw.choice(list(expanded))
    gold = Gold("polynomials", f"({_write(one, names)})^{times}({_write(two, names)})")
    gold.unevaluated(expanded=_write(expanded, names), shuffled=_write(shuffled, names))
    near = {**expanded, key: expanded[key] + 100}
    less = {k: v for k, v in expanded.items() if k != key}
    swapped = [names[1], names[0], names[2]]
    gold.other(
        coefficient=_write(near, names),
        dropped=_write(less, names),
        power=f"({_write(one, names)})^{times + 1}({_write(two, names)})",
    )
    if _multiply({(0, 0, 0): 1}, {(k[1], k[0], k[2]): v for k, v in expanded.items()}) != expanded:
        gold.other(swapped=_write(expanded, swapped))
    return gold


def partial_fractions(draw: Draw) -> Gold:
    x = draw.choice("xtsz")
    a, b = draw.sample([n for n in range(-9, 10) if n], 2)
    p, q = nonzero(draw, -9, 9), nonzero(draw, -9, 9)
    first, second = total([(1, x), (a, "")]), total([(1, x), (b, "")])
    over = total([(p + q, x), (p * b + q * a, "")])
    gold = Gold("partial fractions", rf"\frac{{{p}}}{{{first}}} + \frac{{{q}}}{{{second}}}")
    gold.unevaluated(
        joined=rf"\frac{{{over}}}{{({first})({second})}}",
        expanded=rf"\frac{{{over}}}{{{total([(1, power(x, 2)), (a + b, x), (a * b, '')])}}}",
    )
    gold.other(
        over=rf"\frac{{{total([(p + q, x), (p * b + q * a + 1, '')])}}}{{({first})({second})}}",
        under=rf"\frac{{{over}}}{{({first})({total([(1, x), (b + 20, '')])})}}",
        swapped=rf"\frac{{{p}}}{{{second}}} + \frac{{{q + 1 if p == q else q}}}{{{first}}}",
    )
    return gold


def exact_matrix(draw: Draw) -> Gold:
    cells = [[(draw.randrange(1, 20), draw.choice(SQUARE_FREE)) for _ in range(2)] for _ in range(2)]

    def write(texts: Sequence[str]) -> str:
        return rf"\begin{{pmatrix}} {texts[0]} & {texts[1]} \\ {texts[2]} & {texts[3]} \end{{pmatrix}}"

    flat = [cell for row in cells for cell in row]
    plain = [rf"{factor}\sqrt{{{inside}}}" for factor, inside in flat]
    inside_root = [rf"\sqrt{{{factor * factor * inside}}}" for factor, inside in flat]
    below = [rf"\frac{{{factor * inside}}}{{\sqrt{{{inside}}}}}" for factor, inside in flat]
    near = [*inside_root[:3], rf"\sqrt{{{flat[3][0] ** 2 * flat[3][1] + 1}}}"]
    gold = Gold("matrix of surds", write(plain))
    gold.unevaluated(inside=write(inside_root), below=write(below))
    gold.other(near=write(near), sign=write([*below[:3], f"-{below[3]}"]))
    if flat[1] != flat[2]:
        gold.other(transposed=write([inside_root[k] for k in (0, 2, 1, 3)]))
    return gold


def exact_union(draw: Draw) -> Gold:
    low, high = draw.sample(SQUARE_FREE, 2)
    low, high = min(low, high), max(low, high)
    k = draw.randrange(2, 30)
    ends = draw.choice("(["), draw.choice(")]")
    close = {"(": ")", "[": "]", ")": "(", "]": "["}
    left, right = rf"(-\infty, {k}\sqrt{{{low}}}{ends[1]}", rf"{ends[0]}{k}\sqrt{{{high}}}, \infty)"
    gold = Gold("union of surds", rf"{left} \cup {right}")
    a, b = rf"\sqrt{{{k * k * low}}}", rf"\frac{{{k * high}}}{{\sqrt{{{high}}}}}"
    gold.unevaluated(
        evaluated=rf"(-\infty, {a}{ends[1]} \cup {ends[0]}{b}, \infty)",
        turned=rf"{ends[0]}{b}, \infty) \cup (-\infty, {a}{ends[1]}",
    )
    flipped = {"(": "[", "[": "("}[close[close[ends[0]]]]
    gold.other(
        end=rf"(-\infty, {a}{ends[1]} \cup {flipped}{b}, \infty)",
        moved=rf"(-\infty, \sqrt{{{k * k * low - 1}}}{ends[1]} \cup {ends[0]}{b}, \infty)",
        dropped=rf"{ends[0]}{b}, \infty)",
    )
    return gold


def sums(draw: Draw) -> Gold:
    n = draw.choice("nmk")
    c = draw.randrange(2, 60)
    forms = (
        (
            rf"\frac{{{n}({n}+1)}}{{2}}",
            (rf"\binom{{{n}+1}}{{2}}", rf"\frac{{{n}^2 + {n}}}{{2}}"),
            rf"\frac{{{n}({n}-1)}}{{2}}",
        ),
        (
            rf"\frac{{{n}({n}+1)(2{n}+1)}}{{6}}",
            (
                rf"\frac{{2{n}^3 + 3{n}^2 + {n}}}{{6}}",
                rf"\frac{{{n}^3}}{{3}} + \frac{{{n}^2}}{{2}} + \frac{{{n}}}{{6}}",
            ),
            rf"\frac{{{n}({n}+1)(2{n}-1)}}{{6}}",
        ),
        (rf"2^{{{n}+1}} - 1", (rf"2 \cdot 2^{n} - 1", rf"4 \cdot 2^{{{n}-1}} - 1"), rf"2^{n} - 1"),
        (
            rf"\frac{{1}}{{{n}({n}+1)}}",
            (rf"\frac{{1}}{{{n}}} - \frac{{1}}{{{n}+1}}",),
            rf"\frac{{1}}{{{n}}} + \frac{{1}}{{{n}+1}}",
        ),
    )
    closed, rights, wrong = draw.choice(forms)
    gold = Gold("closed form", f"{closed} + {c}")
    for index, right in enumerate(rights):
        gold.unevaluated(**{f"form_{index}": f"{c} + {right}"})
    gold.other(wrong=f"{wrong} + {c}", constant=f"{rights[0]} + {c + 1}", number=str(c))
    return gold


def finite_sum(draw: Draw) -> Gold:
    top, a, b = draw.randrange(5, 60), draw.randrange(1, 9), draw.randrange(1, 9)
    value = sum(a * k * k + b for k in range(1, top + 1))
    gold = Gold("finite sum", str(value))
    gold.unevaluated(
        sum=rf"\sum_{{k=1}}^{{{top}}} ({a}k^2 + {b})",
        closed=rf"\frac{{{a} \cdot {top}({top}+1)(2 \cdot {top}+1)}}{{6}} + {b} \cdot {top}",
    )
    gold.other(
        limit=rf"\sum_{{k=1}}^{{{top + 1}}} ({a}k^2 + {b})",
        start=rf"\sum_{{k=2}}^{{{top}}} ({a}k^2 + {b})",
        near=str(value + 1),
    )
    return gold


def complex_power(draw: Draw) -> Gold:
    a, b, n = nonzero(draw, -6, 6), nonzero(draw, -6, 6), draw.randrange(2, 7)
    real, imaginary = 1, 0
    for _ in range(n):
        real, imaginary = real * a - imaginary * b, real * b + imaginary * a
    base = f"({total([(a, ''), (b, 'i')])})"
    size = a * a + b * b
    gold = Gold("complex power", total([(real, ""), (imaginary, "i")]))
    gold.unevaluated(
        power=f"{base}^{n}",
        quotient=rf"\frac{{{base}^{{{n + 1}}}({total([(a, ''), (-b, 'i')])})}}{{{size}}}",
    )
    gold.other(power=f"{base}^{{{n + 1}}}" if size > 1 else "7", offset=f"{base}^{n} + i", modulus=str(size**n + 1))
    return gold


def golden(draw: Draw) -> Gold:
    """Powers of the golden ratio: (L + F sqrt 5) / 2 with Lucas and Fibonacci numbers."""
    n = draw.randrange(3, 40)
    fibonacci, lucas = [0, 1], [2, 1]
    for _ in range(n):
        fibonacci.append(fibonacci[-1] + fibonacci[-2])
        lucas.append(lucas[-1] + lucas[-2])
    gold = Gold("golden ratio", rf"\frac{{{lucas[n]} + {fibonacci[n]}\sqrt{{5}}}}{{2}}")
    gold.unevaluated(
        power=rf"\left(\frac{{1 + \sqrt{{5}}}}{{2}}\right)^{{{n}}}",
        recursive=rf"{fibonacci[n]} \cdot \frac{{1 + \sqrt{{5}}}}{{2}} + {fibonacci[n - 1]}",
    )
    gold.other(
        conjugate=rf"\left(\frac{{1 - \sqrt{{5}}}}{{2}}\right)^{{{n}}}",
        nearly=str(lucas[n]),
        recursive=rf"{fibonacci[n]} \cdot \frac{{1 + \sqrt{{5}}}}{{2}} + {fibonacci[n]}",
    )
    return gold


def symmetric(draw: Draw) -> Gold:
    """a^3 + b^3 + c^3 - 3abc and its factors."""
    x, y, z = draw.sample("abcxyzpqr", 3)
    k = draw.randrange(1, 40)
    gold = Gold("symmetric", f"{x}^3 + {y}^3 + {z}^3 - 3{x}{y}{z}{term(k, x)}")
    square = f"{x}^2 + {y}^2 + {z}^2"
    gold.unevaluated(
        factored=f"({x} + {y} + {z})({square} - {x}{y} - {y}{z} - {z}{x}){term(k, x)}",
        halves=rf"\frac{{1}}{{2}}({x} + {y} + {z})(({x} - {y})^2 + ({y} - {z})^2 + ({z} - {x})^2){term(k, x)}",
    )
    gold.other(
        sign=f"({x} + {y} + {z})({square} + {x}{y} + {y}{z} + {z}{x}){term(k, x)}",
        variable=f"({x} + {y} + {z})({square} - {x}{y} - {y}{z} - {z}{x}){term(k, y)}",
        half=rf"({x} + {y} + {z})(({x} - {y})^2 + ({y} - {z})^2 + ({z} - {x})^2){term(k, x)}",
    )
    return gold


def scaled_equation(draw: Draw) -> Gold:
    x, y, z = "xyz"
    a, b, c, d = (nonzero(draw, -12, 12) for _ in range(4))
    k = Fraction(nonzero(draw, -9, 9), draw.randrange(2, 9))
    gold = Gold("plane", f"{total([(a, x), (b, y), (c, z), (d, '')])} = 0")
    scaled = " + ".join(rf"\left({frac(k * value)}\right){name}" for value, name in ((a, x), (b, y), (c, z)))
    gold.unevaluated(
        scaled=rf"{scaled} = {frac(-k * d)}",
        solved=rf"z = -\frac{{{total([(a, x), (b, y), (d, '')])}}}{{{c}}}",
        split=f"{total([(a, x), (b, y)])} = {total([(-c, z), (-d, '')])}",
    )
    gold.other(
        parallel=rf"{scaled} = {frac(-k * d + 1)}",
        solved=rf"z = \frac{{{total([(a, x), (b, y), (d, '')])}}}{{{c}}}",
        split=f"{total([(a, x), (b, y)])} = {total([(c, z), (-d, '')])}",
    )
    return gold


HARD: tuple[Callable[[Draw], Gold], ...] = (
    nested_radical,
    cube_roots,
    trigonometric,
    trigonometric,
    special_angles,
    logarithm,
    exponential,
    polynomials,
    partial_fractions,
    exact_matrix,
    exact_union,
    sums,
    finite_sum,
    complex_power,
    golden,
    symmetric,
    scaled_equation,
)
