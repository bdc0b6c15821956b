"""Golds that are numbers with and without a unit, choices and words."""

from __future__ import annotations

from fractions import Fraction
from math import gcd

from mathgen.golds import (
    Draw,
    Gold,
    decimal_text,
    frac,
    grouped,
    nonzero,
    proper,
)


def integer(draw: Draw) -> Gold:
    number = nonzero(draw, -999, 999) if draw.random() < 0.6 else draw.choice((-1, 1)) * draw.randrange(1000, 10**9)
    gold = Gold("integer", str(number))
    gold.same(
        point_zero=f"{number}.0",
        final_dot=f"{number}.",
        assigned=f"x = {number}",
        braces=f"{{{number}}}",
        dollars=f"${number}$",
        spaces=rf"\, {number} \;",
        text=rf"\text{{{number}}}",
        unicode_minus=str(number).replace("-", "−"),
    )
    if abs(number) >= 1000:
        gold.same(
            commas=grouped(number, ","),
            latex_commas=grouped(number, "{,}"),
            negative_space=grouped(number, ",\\!"),
            thin=grouped(number, r"\,"),
        )
    part = nonzero(draw, 2, 50)
    gold.unevaluated(
        sum=rf"{number - part} + {part}",
        product=rf"{part} \times {number} \div {part}",
        fraction=rf"\frac{{{number * part}}}{{{part}}}",
        root=rf"\sqrt{{{number**2}}}" if number > 0 else rf"-\sqrt{{{number**2}}}",
    )
    gold.other(
        sign=str(-number),
        one_more=str(number + 1),
        one_less=str(number - 1),
        last_digit=str(number)[:-1] + str((int(str(number)[-1]) + draw.randrange(1, 9)) % 10),
        tenfold=f"{number}0",
        half_more=f"{number}.5",
        nearly=f"{number}.0000001",
        hedge_or=rf"{number} \text{{ or }} {number + 1}",
        hedge_comma=f"{number}, {number + 2}",
        plus_minus=rf"\pm {abs(number)}",
        at_least=rf"x \ge {number}",
        variable=f"{number}x",
        infinity=r"\infty",
        words=r"\text{the answer above}",
    )
    return gold


def decimal(draw: Draw) -> Gold:
    digits = draw.randrange(1, 5)
    scaled = draw.choice([n for n in (draw.randrange(-9999, 10**5) for _ in range(20)) if n % 10])
    value = Fraction(scaled, 10**digits)
    text = f"{'-' if scaled < 0 else ''}{abs(scaled) // 10**digits}.{abs(scaled) % 10**digits:0{digits}d}"
    gold = Gold("decimal", text)
    gold.same(trailing_zero=f"{text}0", fraction=frac(value), dollars=f"${text}$", assigned=f"y={text}")
    if abs(value) < 1:
        gold.same(no_zero=text.replace("0.", ".", 1))
    gold.same(percent=f"{frac(value * 100) if (value * 100).denominator == 1 else decimal_text(value * 100)}\\%")
    gold.other(
        sign=text[1:] if text[0] == "-" else f"-{text}",
        last_digit=text[:-1] + str(1 + int(text[-1]) % 9),
        point_right=decimal_text(value * 10),
        point_left=decimal_text(value / 10),
        hundredfold=decimal_text(value * 100),
        one_more=decimal_text(value + 1),
    )
    return gold


def fraction(draw: Draw) -> Gold:
    terminating = draw.random() < 0.4
    value = (
        Fraction(2 * draw.randrange(1, 60) + 1, draw.choice((2, 4, 5 * 2, 8, 16, 32))) if terminating else proper(draw)
    )
    over, under = value.numerator, value.denominator
    gold = Gold("fraction", frac(value))
    gold.same(
        dfrac=frac(value, r"\dfrac"),
        tfrac=frac(value, r"\tfrac"),
        slash=f"{over}/{under}",
        spaced=rf"\frac {{ {over} }} {{ {under} }}",
        sign_inside=rf"\frac{{{over}}}{{{under}}}",
        assigned=f"p = {frac(value)}",
        parentheses=rf"\left( {frac(value)} \right)",
    )
    if 0 < over < 10 and under < 10:
        gold.same(no_braces=rf"\frac{over}{under}")
    if terminating:
        gold.same(decimal=decimal_text(value))
    if abs(value) > 1:
        whole, rest = divmod(abs(over), under)
        gold.same(mixed=rf"{'-' if over < 0 else ''}{whole}\frac{{{rest}}}{{{under}}}")
    gold.unevaluated(
        unreduced=rf"\frac{{{3 * over}}}{{{3 * under}}}",
        sum=rf"{frac(value - 1)} + 1",
        product=rf"\frac{{1}}{{{under}}} \cdot {over if over > 0 else f'({over})'}",
    )
    gold.other(
        sign=frac(-value),
        upside_down=frac(1 / value),
        numerator=frac(Fraction(over + 1, under)),
        denominator=frac(Fraction(over, under + 1)),
        numerator_only=str(over),
        one_more=frac(value + 1),
    )
    if not terminating:
        gold.other(rounded=f"{float(value):.2f}")
    return gold


def mixed(draw: Draw) -> Gold:
    whole, under = draw.randrange(1, 30), draw.choice((3, 4, 5, 6, 7, 8, 9))
    over = draw.choice([n for n in range(1, under) if gcd(n, under) == 1])
    value = whole + Fraction(over, under)
    gold = Gold("mixed number", rf"{whole}\frac{{{over}}}{{{under}}}")
    gold.same(improper=frac(value), spaced=rf"{whole} \frac{{{over}}}{{{under}}}", slash=f"{whole} {over}/{under}")
    gold.same(dfrac=rf"{whole} \dfrac{{{over}}}{{{under}}}")
    gold.unevaluated(sum=rf"{whole} + \frac{{{over}}}{{{under}}}")
    gold.other(
        product=rf"{whole} \cdot \frac{{{over}}}{{{under}}}",
        whole=rf"{whole + 1}\frac{{{over}}}{{{under}}}",
        part_only=rf"\frac{{{over}}}{{{under}}}",
        whole_only=str(whole),
        sign=rf"-{whole}\frac{{{over}}}{{{under}}}",
    )
    return gold


def repeating(draw: Draw) -> Gold:
    block = draw.choice(("3", "6", "1", "27", "09", "142857", "45", "18"))
    gold = Gold("repeating decimal", rf"0.\overline{{{block}}}")
    gold.same(fraction=frac(Fraction(int(block), 10 ** len(block) - 1)), doubled=rf"0.\overline{{{block * 2}}}")
    gold.same(unrolled=rf"0.{block}\overline{{{block}}}")
    gold.other(cut=f"0.{block[:2]}", other=rf"0.\overline{{{block}2}}", shifted=rf"0.0\overline{{{block}}}")
    return gold


def scientific(draw: Draw) -> Gold:
    mantissa, exponent = f"{draw.randrange(1, 10)}.{draw.randrange(1, 100):02d}", nonzero(draw, -30, 30)
    gold = Gold("scientific", rf"{mantissa} \times 10^{{{exponent}}}")
    gold.same(
        e=f"{mantissa}e{exponent}",
        cdot=rf"{mantissa} \cdot 10^{{{exponent}}}",
    )
    gold.unevaluated(shifted=rf"{mantissa.replace('.', '')} \times 10^{{{exponent - 2}}}")
    gold.other(
        exponent=rf"{mantissa} \times 10^{{{exponent + 1}}}",
        negated=rf"{mantissa} \times 10^{{{-exponent}}}",
        mantissa=rf"{mantissa[:-1]}{1 + int(mantissa[-1]) % 9} \times 10^{{{exponent}}}",
        mantissa_only=mantissa,
    )
    return gold


def percent(draw: Draw) -> Gold:
    value = Fraction(draw.randrange(2, 400), draw.choice((1, 1, 1, 2, 4)))
    text = decimal_text(value)
    gold = Gold("percent", rf"{text}\%")
    gold.same(
        spaced=rf"{text} \%",
        plain=f"{text}%",
        word=rf"{text}\text{{ percent}}",
        decimal=decimal_text(value / 100),
        fraction=frac(value / 100),
    )
    gold.policy(bare=text)
    gold.other(
        one_more=rf"{decimal_text(value + 1)}\%",
        tenfold=rf"{decimal_text(value * 10)}\%",
        decimal_and_sign=rf"{decimal_text(value / 100)}\%",
        per_mille=decimal_text(value / 1000),
        negative=rf"-{text}\%",
    )
    return gold


def currency(draw: Draw) -> Gold:
    cents = draw.randrange(101, 9_999_999)
    cents += cents % 10 == 0
    text = f"{cents // 100}.{cents % 100:02d}"
    gold = Gold("currency", rf"\${text}")
    gold.same(bare=text, dollars=rf"{text} \text{{ dollars}}", spaced=rf"\$ {text}", commas=rf"\${cents / 100:,.2f}")
    gold.other(
        cent=rf"\${(cents + 1) // 100}.{(cents + 1) % 100:02d}",
        cents=rf"{text} \text{{ cents}}",
        hundredfold=rf"\${cents}",
        negative=rf"-\${text}",
    )
    return gold


def based(draw: Draw) -> Gold:
    base = draw.randrange(4, 10)
    digits = str(draw.randrange(1, base)) + "".join(str(draw.randrange(base)) for _ in range(draw.randrange(1, 5)))
    gold = Gold("number in a base", f"{digits}_{base}")
    gold.same(braces=f"{digits}_{{{base}}}", parentheses=rf"({digits})_{{{base}}}")
    gold.policy(in_ten=str(int(digits, base)), without=digits)
    gold.other(
        digit=f"{digits[:-1]}{(int(digits[-1]) + 1) % base}_{base}",
        other_base=f"{digits}_{{{base + 1}}}",
        digit_more=f"{digits}0_{base}",
    )
    return gold


def degrees(draw: Draw) -> Gold:
    angle = draw.randrange(1, 360)
    gold = Gold("degrees", rf"{angle}^\circ")
    gold.same(braces=rf"{angle}^{{\circ}}", sign=f"{angle}°", words=rf"{angle} \text{{ degrees}}")
    gold.policy(bare=str(angle), radians=rf"{frac(Fraction(angle, 180))}\pi")
    gold.other(one_more=rf"{angle + 1}^\circ", negative=rf"-{angle}^\circ", supplement=rf"{angle + 180}^\circ")
    return gold


UNITS = ("cm", "km", "kg", "m", "mm", "inches", "feet", "hours", "minutes", "liters", "miles")


def quantity(draw: Draw) -> Gold:
    unit, wrong = draw.sample(UNITS, 2)
    value = draw.choice((str(draw.randrange(2, 500)), f"{draw.randrange(1, 90)}.{draw.randrange(1, 10)}"))
    gold = Gold("quantity", rf"{value} \text{{ {unit}}}")
    gold.same(
        tight=rf"{value}\text{{{unit}}}",
        thin=rf"{value}\,\text{{{unit}}}",
        roman=rf"{value}\ \mathrm{{{unit}}}",
        mbox=rf"{value} \mbox{{ {unit}}}",
    )
    gold.policy(bare=value, untyped=f"{value} {unit}")
    gold.other(
        other_unit=rf"{value} \text{{ {wrong}}}",
        other_value=rf"1{value} \text{{ {unit}}}",
        negative=rf"-{value} \text{{ {unit}}}",
        wrong_bare=f"1{value}",
        unit_only=rf"\text{{ {unit}}}",
    )
    return gold


def choice(draw: Draw) -> Gold:
    letters = "ABCDE"
    letter, wrong = draw.sample(letters, 2)
    gold = Gold("choice", rf"\text{{({letter})}}")
    gold.same(
        letter=letter,
        parentheses=f"({letter})",
        text=rf"\text{{{letter}}}",
        bold=rf"\textbf{{({letter})}}",
        roman=rf"\mathrm{{({letter})}}",
    )
    gold.other(
        wrong=wrong,
        wrong_text=rf"\text{{({wrong})}}",
        both=rf"{letter} \text{{ or }} {wrong}",
        list=f"{letter}, {wrong}",
        all="ABCDE",
        number="1",
    )
    return gold


WORDS = ("east", "ellipse", "even", "odd", "hyperbola", "Navin", "Evelyn", "Tuesday", "yes", "no", "north", "circle")


def words(draw: Draw) -> Gold:
    word, wrong = draw.sample(WORDS, 2)
    gold = Gold("text", rf"\text{{{word}}}")
    gold.same(bare=word, spaced=rf"\text{{ {word} }}", bold=rf"\textbf{{{word}}}", final_dot=rf"\text{{{word}.}}")
    gold.policy(case=rf"\text{{{word.swapcase() if word.islower() else word.lower()}}}")
    gold.other(
        wrong=rf"\text{{{wrong}}}",
        more=rf"\text{{{word}ern}}",
        negated=rf"\text{{not {word}}}",
        both=rf"\text{{{word} or {wrong}}}",
        backwards=rf"\text{{{word[::-1]}}}",
    )
    return gold
