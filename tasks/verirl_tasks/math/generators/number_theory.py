"""Number theory: divisors, remainders, congruences, primes, digits.

Levels: 1 numbers of two digits; 2 three digits, remainders of products; 3 four digits, powers, two congruences; 4 three
numbers, inverses, three congruences; 5 larger numbers, counts over ranges, moduli that share a divisor.
"""

from __future__ import annotations

import functools
import math
import random

from verirl_tasks.math.generators.kind import Drawn, Kind, key, nonzero
from verirl_tasks.math.generators.latex import finite_set, term_sum

_PRIMES = tuple(n for n in range(2, 1000) if all(n % d for d in range(2, math.isqrt(n) + 1)))
_DIGITS = "0123456789ABCDEF"


def prime_factors(number: int) -> dict[int, int]:
    """Each prime divisor with its exponent, for numbers up to a million."""
    found: dict[int, int] = {}
    for divisor in _PRIMES:
        if divisor * divisor > number:
            break
        while number % divisor == 0:
            number //= divisor
            found[divisor] = found.get(divisor, 0) + 1
    if number > 1:
        found[number] = 1
    return found


def is_prime(number: int) -> bool:
    """For numbers up to a million."""
    for divisor in _PRIMES:
        if divisor * divisor > number:
            break
        if number % divisor == 0:
            return False
    return number > 1


def common(draw: random.Random, level: int) -> Drawn:
    """Greatest common divisors and least common multiples, of numbers that do share a divisor mostly."""
    count = 2 if level <= 3 else 3
    most, shared_most = {1: (9, 12), 2: (30, 30), 3: (99, 99), 4: (30, 60), 5: (99, 99)}[level]
    shared = draw.randint(2, shared_most)
    numbers = [shared * draw.randint(2, most) for _ in range(count)]
    while len(set(numbers)) < count:
        numbers = [shared * draw.randint(2, most) for _ in range(count)]
    listed = ", ".join(f"${n}$" for n in numbers[:-1]) + f" and ${numbers[-1]}$"
    if draw.random() < 0.5:
        word, answer = draw.choice(("greatest common divisor", "largest number that divides each")), math.gcd(*numbers)
        unit = "gcd"
    else:
        word, answer, unit = "least common multiple", math.lcm(*numbers), "lcm"
    return Drawn(key(unit, sorted(numbers)), f"What is the {word} of {listed}?", str(answer))


def remainder(draw: random.Random, level: int) -> Drawn:
    r = draw.randint
    if level == 1:
        a, m = r(50, 999), r(3, 25)
        return Drawn(key(a, m), f"What is the remainder when ${a}$ is divided by ${m}$?", str(a % m))
    if level == 2:
        a, b, m = r(20, 199), r(20, 199), r(5, 40)
        c = r(2, 99)
        unit = key("product", sorted((a, b)), c, m)
        return Drawn(
            unit,
            f"What is the remainder when ${a} \\cdot {b} + {c}$ is divided by ${m}$?",
            str((a * b + c) % m),
        )
    if level == 3:
        a, n, m = r(2, 50), r(5, 99), r(5, 60)
        text = f"What is the remainder when ${a}^{{{n}}}$ is divided by ${m}$?"
        return Drawn(key("power", a, n, m), text, str(pow(a, n, m)))
    if level == 4:
        a, n, digits = r(2, 199), r(20, 999), r(2, 3)
        last = pow(a, n, 10**digits)
        text = f"What is the remainder when ${a}^{{{n}}}$ is divided by ${10**digits}$?"
        return Drawn(key("power", a, n, 10**digits), text, str(last))
    a, b, m, n, k = r(2, 60), r(2, 60), r(11, 200), r(20, 400), r(20, 400)
    text = f"What is the remainder when ${a}^{{{n}}} + {b}^{{{k}}}$ is divided by ${m}$?"
    return Drawn(key("powers", sorted([(a, n), (b, k)]), m), text, str((pow(a, n, m) + pow(b, k, m)) % m))


def congruence(draw: random.Random, level: int) -> Drawn:
    r = draw.randint
    if level == 3:
        m = r(7, 60)
        a = draw.choice([n for n in range(2, m) if math.gcd(n, m) == 1])
        text = f"Find the integer $x$ with $0 \\le x < {m}$ and ${a}x \\equiv 1 \\pmod{{{m}}}$."
        return Drawn(key(a, 1, m), text, str(pow(a, -1, m)))
    if level == 4:
        m = r(20, 150)
        a = draw.choice([n for n in range(2, m) if math.gcd(n, m) == 1])
        b = r(2, m - 1)
        text = f"Find the integer $x$ with $0 \\le x < {m}$ and ${a}x \\equiv {b} \\pmod{{{m}}}$."
        return Drawn(key(a, b, m), text, str(pow(a, -1, m) * b % m))
    shared = r(2, 5)
    m = r(7, 40)
    a = draw.choice([n for n in range(2, m) if math.gcd(n, m) == 1])
    b = r(1, m - 1)
    first = pow(a, -1, m) * b % m
    solutions = [first + m * k for k in range(shared)]
    text = (
        f"Find all integers $x$ with $0 \\le x < {m * shared}$ and "
        f"${a * shared}x \\equiv {b * shared} \\pmod{{{m * shared}}}$. Give them as a set."
    )
    return Drawn(key(a * shared, b * shared, m * shared), text, finite_set(map(str, solutions)))


def chinese(draw: random.Random, level: int) -> Drawn:
    """The smallest number with given remainders."""
    count, most = {2: (2, 12), 3: (2, 30), 4: (3, 16), 5: (3, 30)}[level]
    while True:
        moduli = sorted(draw.sample(range(3, most + 1), count))
        whole = math.lcm(*moduli)
        coprime = whole == math.prod(moduli)
        # At level 5 two moduli may share a divisor, but no modulus may follow from the others.
        if coprime or (level == 5 and all(math.lcm(*moduli[:i], *moduli[i + 1 :]) < whole for i in range(count))):
            break
    answer = draw.randrange(whole)
    while answer < max(moduli):
        answer = draw.randrange(whole)
    parts = [f"${answer % m}$ when divided by ${m}$" for m in moduli]
    listed = ", ".join(parts[:-1]) + f" and {parts[-1]}"
    text = f"What is the smallest positive integer that leaves remainder {listed}?"
    return Drawn(key(moduli, [answer % m for m in moduli]), text, str(answer))


def divisors(draw: random.Random, level: int) -> Drawn:
    """Numbers made of small primes, so that there is something to count."""
    primes, most, largest = {1: (2, 5, 200), 2: (3, 3, 1500), 3: (4, 4, 9999), 4: (4, 5, 99_999), 5: (5, 6, 999_999)}[
        level
    ]
    while True:
        chosen = draw.sample(_PRIMES[: primes + level + 2], draw.randint(1 if level == 1 else 2, primes))
        exponents = {p: draw.randint(1, most) for p in chosen}
        n = math.prod(p**e for p, e in exponents.items())
        if 9 < n <= largest:
            break
    whole = math.prod(e + 1 for e in exponents.values())
    twos = exponents.get(2, 0)
    sums = math.prod((p ** (e + 1) - 1) // (p - 1) for p, e in exponents.items())
    asked = [
        ("How many positive divisors does", "have", whole),
        ("What is the sum of the positive divisors of", "", sums),
    ]
    if level >= 3 and twos:
        asked.append(("How many odd positive divisors does", "have", whole // (twos + 1)))
        asked.append(("How many even positive divisors does", "have", whole - whole // (twos + 1)))
    if level >= 4:
        squares = math.prod(e // 2 + 1 for e in exponents.values())
        asked.append(("How many perfect squares divide", "", squares))
        coprime = math.prod((p - 1) * p ** (e - 1) for p, e in exponents.items())
        asked.append(("How many positive integers up to $N$ share no divisor but 1 with", "", coprime))
    which = draw.randrange(len(asked))
    before, after, answer = asked[which]
    text = f"{before} ${n}$ {after}".replace("$N$", f"${n}$").rstrip()
    return Drawn(key(which, n), f"{text}?", str(answer))


def primes(draw: random.Random, level: int) -> Drawn:
    low, high = {1: (20, 300), 2: (100, 2_000), 3: (1_000, 9_999), 4: (1_000, 99_999), 5: (10_000, 999_999)}[level]
    n = draw.randint(low, high)
    form = draw.randrange(4 if level > 1 else 3)
    if form == 0:
        while is_prime(n):
            n += 1
        return Drawn(key("largest", n), f"What is the largest prime factor of ${n}$?", str(max(prime_factors(n))))
    if form == 1:
        answer = n + 1
        while not is_prime(answer):
            answer += 1
        return Drawn(key("next", n), f"What is the smallest prime number greater than ${n}$?", str(answer))
    if form == 2:
        while is_prime(n):
            n += 1
        text = f"What is the sum of the distinct prime factors of ${n}$?"
        return Drawn(key("sum", n), text, str(sum(prime_factors(n))))
    length = draw.randint(15, 10 + 10 * level)
    count = sum(map(is_prime, range(n, n + length + 1)))
    text = f"How many prime numbers $p$ are there with ${n} \\le p \\le {n + length}$?"
    return Drawn(key("count", n, length), text, str(count))


def in_base(number: int, base: int) -> str:
    digits = ""
    while number:
        number, digit = divmod(number, base)
        digits = _DIGITS[digit] + digits
    return digits or "0"


def bases(draw: random.Random, level: int) -> Drawn:
    """Digits above 9 are read only, never asked for."""
    largest = {1: 99, 2: 999, 3: 9_999, 4: 9_999, 5: 99_999}[level]
    n = draw.randint(largest // 10, largest)
    plain = "Write only its digits, without the base."
    b = draw.randint(2, 9)
    if level <= 2 and draw.random() < 0.5:
        return Drawn(key("to", n, b), f"Write the number ${n}$ in base ${b}$. {plain}", in_base(n, b))
    if level <= 2 or (level == 3 and draw.random() < 0.5):
        if level == 3:
            b = draw.choice((11, 12, 13, 14, 15, 16))
        digits = in_base(n, b)
        known = "" if digits.isdigit() else " Its digits A to F stand for 10 to 15."
        shown = digits if digits.isdigit() else f"\\text{{{digits}}}"
        return Drawn(
            key("from", n, b), f"Write the number ${shown}_{{{b}}}$, which is in base ${b}$, in base 10.{known}", str(n)
        )
    if level <= 4:
        c = draw.choice([base for base in range(2, 10) if base != b])
        text = f"Write the number ${in_base(n, b)}_{{{b}}}$, which is in base ${b}$, in base ${c}$. {plain}"
        return Drawn(key("between", n, b, c), text, in_base(n, c))
    b = draw.randint(3, 9)
    m = draw.randint(largest // 10, largest)
    sign = draw.choice(("+", "-", "\\cdot"))
    if sign == "\\cdot":
        n, m = n // 100 + 2, m // 100 + 2
    if sign == "-":
        n, m = max(n, m), min(n, m)
    answer = n + m if sign == "+" else n - m if sign == "-" else n * m
    unit = key(sign[-1], sorted((n, m)), b)
    text = f"What is ${in_base(n, b)}_{{{b}}} {sign} {in_base(m, b)}_{{{b}}}$, written in base ${b}$? {plain}"
    return Drawn(unit, text, in_base(answer, b))


def digits(draw: random.Random, level: int) -> Drawn:
    r = draw.randint
    if level <= 2:
        n = r(100, 99_999) if level == 1 else r(100_000, 99_999_999)
        return Drawn(key("sum", n), f"What is the sum of the digits of ${n}$?", str(_digit_sum(n)))
    if level == 3:
        a, b = r(20, 999), r(20, 999)
        text = f"What is the sum of the digits of ${a} \\cdot {b}$?"
        return Drawn(key("product", sorted((a, b))), text, str(_digit_sum(a * b)))
    if level == 4:
        if draw.random() < 0.5:
            a, n = r(2, 40), r(4, 9)
            return Drawn(key("power", a, n), f"What is the sum of the digits of ${a}^{n}$?", str(_digit_sum(a**n)))
        n, p = r(20, 999), draw.choice(_PRIMES[:8])
        count, rest = 0, n
        while rest := rest // p:
            count += rest
        text = f"What is the largest integer $k$ such that ${p}^k$ divides ${n}!$?"
        return Drawn(key("factorial", n, p), text, str(count))
    low, length, total = r(1, 2_000), r(100, 2_000), r(4, 20)
    count = _digit_sums()[low : low + length + 1].count(total)
    text = f"How many integers $n$ with ${low} \\le n \\le {low + length}$ have digit sum ${total}$?"
    return Drawn(key("count", low, low + length, total), text, str(count))


def _digit_sum(number: int) -> int:
    return sum(map(int, str(number)))


@functools.cache
def _digit_sums() -> tuple[int, ...]:
    return tuple(map(_digit_sum, range(4_001)))


def linear_form(draw: random.Random, level: int) -> Drawn:
    """Bezout: the smallest positive value, and counts of solutions in positive integers."""
    r = draw.randint
    most = {3: 30, 4: 99, 5: 20}[level]
    a, b = r(3, most), r(3, most)
    while a == b:
        b = r(3, most)
    if level < 5:
        sign = nonzero(draw, 1)
        scale = r(2, 9)
        text = (
            f"What is the smallest positive integer of the form ${term_sum([(a * scale, 'x'), (sign * b * scale, 'y')])}$"
            " with integers $x$ and $y$?"
        )
        return Drawn(key("bezout", sorted((a * scale, b * scale))), text, str(math.gcd(a, b) * scale))
    total = a * r(2, 15) + b * r(2, 15)
    count = sum((total - a * x) % b == 0 for x in range(1, (total - b) // a + 1))
    text = f"How many pairs $(x, y)$ of positive integers satisfy ${a}x + {b}y = {total}$?"
    return Drawn(key("pairs", sorted((a, b)), total), text, str(count))


KINDS = (
    Kind("common-divisor", common),
    Kind("remainder", remainder),
    Kind("congruence", congruence, (3, 4, 5)),
    Kind("chinese-remainder", chinese, (2, 3, 4, 5)),
    Kind("divisors", divisors),
    Kind("primes", primes),
    Kind("bases", bases),
    Kind("digits", digits),
    Kind("linear-form", linear_form, (3, 4, 5)),
)
