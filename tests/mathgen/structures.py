"""Golds with parts: sets, lists, tuples, intervals, unions, matrices, equations, inequalities."""

from __future__ import annotations

from collections.abc import Sequence

from mathgen.golds import (
    Draw,
    Gold,
    frac,
    members,
    nonzero,
    others,
    proper,
    total,
)


def finite_set(draw: Draw) -> Gold:
    values = members(draw, draw.randrange(2, 6))
    texts = [str(value) for value in values]
    if draw.random() < 0.4:
        texts[0] = rf"\frac{{{values[0] * 2 + 1}}}{{2}}"
    changed = [*texts[:-1], str(others(draw, values))]

    def write(items: Sequence[str], left: str = r"\{", right: str = r"\}") -> str:
        return f"{left}{', '.join(items)}{right}"

    gold = Gold("set", write(texts))
    gold.same(
        reordered=write(texts[::-1]),
        sized=write(texts, r"\left\{ ", r" \right\}"),
        tight=write(texts).replace(" ", ""),
        element=rf"x \in {write(texts)}",
    )
    gold.policy(list=", ".join(texts), twice=write([*texts, texts[0]]))
    gold.other(
        dropped=write(texts[:-1]),
        extra=write([*texts, str(others(draw, values))]),
        changed=write(changed),
        sign=write([*texts[:-1], str(-values[-1] if values[-1] else 41)])
        if -values[-1] not in values
        else write(changed),
        one=texts[0],
        empty=r"\emptyset",
        interval=f"[{min(values) - 1}, {max(values) + 1}]",
    )
    return gold


def listed(draw: Draw) -> Gold:
    values = members(draw, draw.randrange(2, 6))
    texts = [str(value) for value in values]
    gold = Gold("list", ", ".join(texts))
    gold.same(
        reordered=", ".join(draw.sample(texts, len(texts))),
        tight=",\\,".join(texts),
        and_=f"{', '.join(texts[:-1])} \\text{{ and }} {texts[-1]}",
        semicolons="; ".join(texts),
        assigned=", ".join(f"x = {text}" for text in texts),
    )
    gold.policy(set=rf"\{{{', '.join(texts)}\}}", tuple=f"({', '.join(texts)})")
    changed = [*texts[:-1], str(others(draw, values))]
    gold.other(
        dropped=", ".join(texts[:-1]),
        extra=", ".join([*texts, str(others(draw, values))]),
        changed=", ".join(changed),
        summed=" + ".join(f"({text})" for text in texts),
        range=rf"x \ge {min(values)}",
        glued="".join(str(abs(value)) for value in values),
    )
    return gold


def ordered_tuple(draw: Draw) -> Gold:
    values = members(draw, draw.randrange(2, 5))
    texts = [str(value) for value in values]
    if draw.random() < 0.4:
        texts[-1] = rf"\frac{{{2 * values[-1] + 1}}}{{2}}"

    def write(items: Sequence[str], left: str = "(", right: str = ")") -> str:
        return f"{left}{', '.join(items)}{right}"

    gold = Gold("tuple", write(texts))
    gold.same(
        sized=write(texts, r"\left( ", r" \right)"),
        tight=write(texts).replace(" ", ""),
        assigned=f"P = {write(texts)}",
        dfrac=write(texts).replace(r"\frac", r"\dfrac"),
    )
    gold.other(
        swapped=write([*texts[:-2], texts[-1], texts[-2]]),
        dropped=write(texts[:-1]),
        changed=write([*texts[:-1], str(others(draw, values))]),
        sign=write([*texts[:-1], f"-{texts[-1]}" if values[-1] > 0 else "77"]),
        extra=write([*texts, "0"]),
        one=texts[0],
    )
    gold.policy(set=write(texts, r"\{", r"\}"), bare=", ".join(texts), brackets=write(texts, "[", "]"))
    return gold


def interval(draw: Draw) -> Gold:
    low = draw.randrange(-20, 20)
    high = low + draw.randrange(2, 30)
    left, right = draw.choice("(["), draw.choice(")]")
    flip = {"(": "[", "[": "(", ")": "]", "]": ")"}
    below, above = {"(": "<", "[": r"\le"}[left], {")": "<", "]": r"\le"}[right]
    shape = draw.choice(("bounded", "bounded", "bounded", "from", "to"))
    a, b, moved = str(low), str(high), f"{left}{low + 1}, {high + 1}{right}"
    if shape == "to":
        left, a, moved = "(", r"-\infty", rf"(-\infty, {high + 1}{right}"
    if shape == "from":
        right, b, moved = ")", r"\infty", rf"{left}{low + 1}, \infty)"
    gold = Gold("interval", f"{left}{a}, {b}{right}")
    gold.same(sized=rf"\left{left}{a}, {b}\right{right}", tight=f"{left}{a},{b}{right}")
    gold.same(element=rf"x \in {left}{a}, {b}{right}")
    if shape == "from":
        gold.same(plus_infinity=rf"{left}{a}, +\infty)")
        gold.policy(inequality=f"{a} {below} x")
        gold.other(left_end=f"{flip[left]}{a}, {b})", wrong_infinity=rf"{left}{a}, -\infty)")
    elif shape == "to":
        gold.policy(inequality=f"x {above} {b}")
        gold.other(right_end=f"({a}, {b}{flip[right]}", no_sign=rf"(\infty, {b}{right}")
    else:
        gold.policy(inequality=f"{a} {below} x {above} {b}")
        gold.other(left_end=f"{flip[left]}{a}, {b}{right}", right_end=f"{left}{a}, {b}{flip[right]}")
        gold.other(both_ends=f"{flip[left]}{a}, {b}{flip[right]}")
    gold.other(backwards=f"{left}{b}, {a}{right}", moved=moved, length=str(high - low), ends=rf"\{{{low}, {high}\}}")
    gold.other(end=a if shape == "from" else b)
    return gold


def union(draw: Draw) -> Gold:
    a, b, c, d = sorted(draw.sample(range(-40, 60, 2), 4))
    ends = [draw.choice(("()", "[]", "(]", "[)")) for _ in range(2)]
    first, second = f"{ends[0][0]}{a}, {b}{ends[0][1]}", f"{ends[1][0]}{c}, {d}{ends[1][1]}"
    moved = f"{ends[1][0]}{c - 1}, {d}{ends[1][1]}"
    if draw.random() < 0.5:
        first, second = rf"(-\infty, {b}{ends[0][1]}", rf"{ends[1][0]}{c}, \infty)"
        moved = rf"{ends[1][0]}{c - 1}, \infty)"
    gold = Gold("union", rf"{first} \cup {second}")
    gold.same(reordered=rf"{second} \cup {first}", tight=rf"{first}\cup{second}".replace(", ", ","))
    gold.same(element=rf"x \in {first} \cup {second}", unicode=f"{first} ∪ {second}")
    flip = {"(": "[", "[": "("}
    gold.other(dropped=first, dropped_first=second, intersection=rf"{first} \cap {second}")
    gold.other(open_end=rf"{first} \cup {flip[second[0]]}{second[1:]}", moved=rf"{first} \cup {moved}")
    return gold


def matrix(draw: Draw) -> Gold:
    rows, columns = draw.choice(((2, 2), (2, 2), (3, 1), (2, 1), (3, 3), (1, 3)))
    cells = [[str(draw.randrange(-20, 20)) for _ in range(columns)] for _ in range(rows)]
    if draw.random() < 0.3:
        cells[0][0] = frac(proper(draw))

    def write(table: Sequence[Sequence[str]], kind: str = "pmatrix", gap: str = " ") -> str:
        body = rf" \\{gap}".join(f"{gap}&{gap}".join(row) for row in table)
        return rf"\begin{{{kind}}}{gap}{body}{gap}\end{{{kind}}}"

    changed = [list(row) for row in cells]
    changed[-1][-1] = str(int(changed[-1][-1]) + 1) if changed[-1][-1].lstrip("-").isdigit() else "99"
    gold = Gold("matrix", write(cells))
    gold.same(
        brackets=write(cells, "bmatrix"),
        tight=write(cells, gap=""),
        assigned=rf"A = {write(cells)}",
        dfrac=write(cells).replace(r"\frac", r"\dfrac"),
    )
    gold.other(entry=write(changed), entry_of_other_brackets=write(changed, "bmatrix"))
    if rows > 1:
        gold.other(dropped_row=write(cells[:-1]), extra_row=write([*cells, cells[0]]))
    if rows != columns:
        gold.other(transposed=write(list(map(list, zip(*cells, strict=True)))))
    elif (turned := list(map(list, zip(*cells, strict=True)))) != cells:
        gold.other(transposed=write(turned))
    return gold


def line(draw: Draw) -> Gold:
    slope, cut, scale = nonzero(draw, -9, 9), nonzero(draw, -20, 20), draw.randrange(2, 6)
    gold = Gold("equation", f"y = {total([(slope, 'x'), (cut, '')])}")
    gold.same(
        reordered=f"y = {total([(cut, ''), (slope, 'x')])}",
        sides=f"{total([(slope, 'x'), (cut, '')])} = y",
        standard=f"{total([(slope, 'x'), (-1, 'y')])} = {-cut}",
        zero=f"{total([(slope, 'x'), (-1, 'y'), (cut, '')])} = 0",
        scaled=f"{scale}y = {total([(scale * slope, 'x'), (scale * cut, '')])}",
    )
    gold.other(
        cut=f"y = {total([(slope, 'x'), (cut + 1, '')])}",
        slope=f"y = {total([(slope + 10, 'x'), (cut, '')])}",
        parallel=f"{scale}y = {total([(scale * slope, 'x'), (cut, '')])}",
        swapped=f"x = {total([(slope, 'y'), (cut, '')])}" if abs(slope) != 1 else "x = 0",
        tautology="y = y",
        zero="0 = 0",
    )
    gold.policy(right_side=total([(slope, "x"), (cut, "")]))
    return gold


def circle(draw: Draw) -> Gold:
    a, b, r = nonzero(draw, -9, 9), nonzero(draw, -9, 9), draw.randrange(2, 15)

    def centred(first: int, second: int, square: int) -> str:
        return f"({total([(1, 'x'), (-first, '')])})^2 + ({total([(1, 'y'), (-second, '')])})^2 = {square}"

    gold = Gold("equation", centred(a, b, r * r))
    rest = a * a + b * b - r * r
    gold.same(
        general=f"{total([(1, 'x^2'), (1, 'y^2'), (-2 * a, 'x'), (-2 * b, 'y'), (rest, '')])} = 0",
        sides=f"{r * r} = ({total([(1, 'x'), (-a, '')])})^2 + ({total([(1, 'y'), (-b, '')])})^2",
        reversed=f"({total([(-1, 'x'), (a, '')])})^2 + ({total([(1, 'y'), (-b, '')])})^2 = {r * r}",
    )
    gold.other(
        radius=centred(a, b, r * r + 1),
        centre=centred(-a, b, r * r),
        rooted=centred(a, b, r),
        tautology=f"{r * r} = {r * r}",
    )
    return gold


def inequality(draw: Draw) -> Gold:
    variable, bound = draw.choice("xyn"), nonzero(draw, -30, 30)
    signs = {"<": ">", ">": "<", r"\le": r"\ge", r"\ge": r"\le"}
    strict = {"<": r"\le", ">": r"\ge", r"\le": "<", r"\ge": ">"}
    sign = draw.choice(list(signs))
    gold = Gold("inequality", f"{variable} {sign} {bound}")
    gold.same(turned=f"{bound} {signs[sign]} {variable}")
    gold.unevaluated(
        moved=f"{total([(1, variable), (-bound, '')])} {sign} 0",
        doubled=f"2{variable} {sign} {2 * bound}",
        negated=f"-{variable} {signs[sign]} {-bound}",
    )
    if len(sign) > 1:
        gold.same(long=f"{variable} {sign}q {bound}")
    gold.other(
        turned=f"{variable} {signs[sign]} {bound}",
        strictness=f"{variable} {strict[sign]} {bound}",
        bound=f"{variable} {sign} {bound + 1}",
        equation=f"{variable} = {bound}",
        number=str(bound),
        sign=f"{variable} {sign} {-bound}",
    )
    if ">" in sign or "g" in sign:
        gold.policy(interval=rf"{'(' if sign == '>' else '['}{bound}, \infty)")
    else:
        gold.policy(interval=rf"(-\infty, {bound}{')' if sign == '<' else ']'}")
    return gold


def empty_set(draw: Draw) -> Gold:
    gold = Gold("empty set", draw.choice((r"\emptyset", r"\varnothing")))
    gold.same(glyph=r"\varnothing", braces=r"\{\}", name=r"\emptyset", unicode="∅")
    gold.other(zero="0", of_zero=r"\{0\}", everything=r"\mathbb{R}", words=r"\text{yes}")
    return gold
