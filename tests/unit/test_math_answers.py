"""The answers of generated problems, worked out again from the text of the question alone: by substitution, counting,
simulation or numerical analysis, never by the generator's own formulas."""

from __future__ import annotations

import itertools
import math
import random
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from functools import cache
from typing import Any

import mpmath
import numpy
import pytest
from latex_value import real, value

from verirl_tasks.math.generators import SUBJECTS
from verirl_tasks.math.generators.kind import Drawn, Kind

COUNT = 200  # of each kind and level
ENUMERATE = 10_000  # larger sets are not counted by listing them
Check = Callable[[Drawn, int], bool | None]
CHECKS: dict[str, Check] = {}


def checks(name: str) -> Callable[[Check], Check]:
    def keep(check: Check) -> Check:
        CHECKS[name] = check
        return check

    return keep


KINDS = [(subject, kind, level) for subject, kinds in SUBJECTS.items() for kind in kinds for level in kind.levels]


@pytest.mark.parametrize(("subject", "kind", "level"), KINDS, ids=[f"{k.name}-{level}" for _, k, level in KINDS])
def test_answers_are_right(subject: str, kind: Kind, level: int) -> None:
    draw = random.Random(f"answers {kind.name} {level}")
    checked = 0
    with mpmath.workdps(60):
        for _ in range(COUNT):
            drawn = kind.make(draw, level)
            verdict = CHECKS[kind.name](drawn, level)
            assert verdict is not False, drawn
            checked += verdict is not None  # None: too large to be counted
    assert checked >= 5


@pytest.mark.parametrize(("subject", "kind", "level"), KINDS, ids=[f"{k.name}-{level}" for _, k, level in KINDS])
def test_the_checks_refuse_answers_of_other_problems(subject: str, kind: Kind, level: int) -> None:
    draw = random.Random(f"wrong {kind.name} {level}")
    refused = 0
    with mpmath.workdps(60):
        for _ in range(300):
            drawn, other = kind.make(draw, level), kind.make(draw, level)
            if drawn.answer == other.answer or drawn.form != other.form:
                continue
            try:
                verdict = CHECKS[kind.name](replace(drawn, answer=other.answer), level)
            except (AssertionError, KeyError, IndexError, ValueError):  # of another shape
                verdict = False
            assert not verdict, (drawn, other)
            refused += verdict is False
            if refused == 5:
                break
    assert refused


def formulas(question: str) -> list[str]:
    return re.findall(r"\$([^$]+)\$", question)


def ints(text: str) -> list[int]:
    return [int(number) for number in re.findall(r"-?\d+", text)]


def members(answer: str) -> list[str]:
    return answer.removeprefix("\\{").removesuffix("\\}").split(", ")


def ordered(answer: str) -> list[Fraction]:
    assert answer.startswith("(") and answer.endswith(")")
    return [value(part) for part in answer[1:-1].split(", ")]


def near(one: Any, other: Any) -> bool:
    return bool(abs(one - other) <= mpmath.mpf(10) ** -9 * (1 + abs(other)))


def equation(question: str) -> tuple[str, str]:
    (found,) = {formula for formula in formulas(question) if "=" in formula}
    left, _, right = found.partition("=")
    return left, right


def variable(*texts: str) -> str:
    (found,) = set(re.findall(r"(?<![\\a-zA-Z])[a-zA-Z](?![a-zA-Z])", re.sub(r"\\[a-zA-Z]+", "\\\\", " ".join(texts))))
    return str(found)


@checks("linear-equation")
def linear_equation(drawn: Drawn, level: int) -> bool:
    left, right = equation(drawn.question)
    x = variable(left, right)

    def gap(at: Fraction) -> Fraction:
        return Fraction(value(left, {x: at}) - value(right, {x: at}))

    solution = value(drawn.answer)
    return gap(solution) == 0 != gap(solution + 1)  # linear, so there is no other


@checks("quadratic-equation")
def quadratic_equation(drawn: Drawn, level: int) -> bool:
    left, right = equation(drawn.question)
    x = variable(left, right)
    roots = [value(member, leaf=real) for member in members(drawn.answer)]
    zeros = [value(left, {x: root}, real) - value(right, {x: root}, real) for root in roots]
    return len(roots) == 2 and roots[0] < roots[1] and all(near(zero, 0) for zero in zeros)


@checks("roots")
def roots_sum(drawn: Drawn, level: int) -> bool:
    (left, _), asked = equation(drawn.question), formulas(drawn.question)[3]
    r, s = mpmath.polyroots(coefficients(left, 2), maxsteps=200, extraprec=200)
    return near(value(asked, {"r": r, "s": s}, real), value(drawn.answer, leaf=real))


def coefficients(text: str, degree: int, x: str = "x") -> list[int]:
    """Of a polynomial with whole coefficients, highest power first: its value at a large number has them as digits."""
    large = 10**40
    rest = value(text, {x: large})
    assert rest.denominator == 1
    rest, found = int(rest), []
    for _ in range(degree + 1):
        digit = (rest + large // 2) % large - large // 2
        found.append(digit)
        rest = (rest - digit) // large
    assert rest == 0
    return found[::-1]


@checks("system")
def system(drawn: Drawn, level: int) -> bool:
    lines = [formula for formula in formulas(drawn.question) if "=" in formula]
    names = formulas(drawn.question)[-1].strip("()").split(", ")
    known = dict(zip(names, ordered(drawn.answer), strict=True))
    rows = [[value(line.partition("=")[0], {**dict.fromkeys(names, 0), n: 1}) for n in names] for line in lines]
    unique = abs(numpy.linalg.det(numpy.array(rows, float))) > 0.5
    holds = all(value(left, known) == value(right) for left, right in (line.split("=") for line in lines))
    return bool(unique) and holds


@checks("inequality")
def inequality(drawn: Drawn, level: int) -> bool:
    (found,) = (f for f in formulas(drawn.question) if re.search(r"[<>]|\\[lg]e", f))
    left, relation, right = re.split(r"(<|>|\\le|\\ge)", found)
    x = variable(left, right)
    pieces = [re.fullmatch(r"([(\[])(.*), (.*)([)\]])", piece) for piece in drawn.answer.split(" \\cup ")]
    ends: list[Fraction] = [value(end) for piece in pieces if piece for end in piece.group(2, 3) if "infty" not in end]
    far = max(map(abs, ends)) + 10
    points = {end + step for end in ends for step in (0, Fraction(1, 1000), Fraction(-1, 1000))} | {far, -far}
    points |= {(one + other) / 2 for one, other in itertools.combinations(ends, 2)} | {
        Fraction(n) for n in range(-13, 14)
    }

    def claimed(at: Fraction) -> bool:
        for piece in pieces:
            assert piece
            low = -2 * far if "infty" in piece[2] else value(piece[2])
            high = 2 * far if "infty" in piece[3] else value(piece[3])
            if low < at < high or (at == low and piece[1] == "[") or (at == high and piece[4] == "]"):
                return True
        return False

    def holds(at: Fraction) -> bool:
        try:
            a, b = value(left, {x: at}), value(right, {x: at})
        except ZeroDivisionError:
            return False
        return bool({"<": a < b, ">": a > b, "\\le": a <= b, "\\ge": a >= b}[relation])

    return all(claimed(at) == holds(at) for at in points)


@checks("evaluate")
def evaluate(drawn: Drawn, level: int) -> bool:
    found = formulas(drawn.question)
    if level == 3:
        known = {f[0]: value(f.partition("=")[2]) for f in found[1:]}
        return bool(value(found[0], known) == value(drawn.answer))
    functions = {}
    for formula in found[:-1]:
        name, x, body = re.fullmatch(r"(\w)\((\w)\) = (.*)", formula).groups()  # type: ignore[union-attr]
        functions[name] = (x, body)
    asked = re.sub(r"\\left|\\right", "", found[-1])
    *names, inner = re.fullmatch(r"(\w)\((?:(\w)\()?(.*?)\)+", asked).groups()  # type: ignore[union-attr]
    at = value(inner)
    for name in filter(None, reversed(names)):
        x, body = functions[name]
        at = value(body, {x: at})
    return bool(at == value(drawn.answer))


@checks("expand")
def expand(drawn: Drawn, level: int) -> bool:
    product = next(formula for formula in formulas(drawn.question) if re.search(r"\)\(|\)\^", formula))
    x = variable(product)
    degree = {1: 2, 2: 2, 3: 3, 4: 3, 5: 11}[level]
    right = coefficients(product, degree, x)
    if level == 5:
        power = formulas(drawn.question)[0].partition("^")[2] or "1"
        return right[-1 - int(power)] == int(drawn.answer)
    if drawn.form:
        return "(" not in drawn.answer and coefficients(drawn.answer, degree, x) == right
    return ordered(drawn.answer) == right


@checks("factor")
def factor(drawn: Drawn, level: int) -> bool:
    whole = max(formulas(drawn.question), key=lambda formula: "(" not in formula)
    x = variable(whole)
    if drawn.form:
        parts = re.fullmatch(r"\d*((?:\([^()^]*\))+)", drawn.answer)  # linear factors, so none can be factored
        same = all(value(whole, {x: at}) == value(drawn.answer, {x: at}) for at in range(5))
        count = 2 if level <= 3 else 3
        return bool(parts) and same and drawn.answer.count("(") == count
    shape = next(formula for formula in formulas(drawn.question) if ")(" in formula)
    names = formulas(drawn.question)[-1].strip("()").split(", ")
    known = dict(zip(names, ordered(drawn.answer), strict=True))
    assert all(n.denominator == 1 for n in known.values())
    for low, high in re.findall(r"(\w) < (?=(\w))", drawn.question.replace("$0 < a", "$a")):
        assert known[low] < known[high], (low, high)
    return all(value(whole, {x: Fraction(at)}) == value(shape, {**known, x: Fraction(at)}) for at in range(5))


@checks("powers")
def powers(drawn: Drawn, level: int) -> bool:
    if level == 3:
        return near(value(formulas(drawn.question)[0], leaf=real), value(drawn.answer, leaf=real))
    left, right = equation(drawn.question.replace("\\ne", ""))
    if level <= 2:
        known = {name: Fraction(3) for name in "xyzt"} | {"k": value(drawn.answer)}
        return bool(value(left, known) == value(right, known))
    x = variable(left, right)
    solutions = [value(member, leaf=real) for member in members(drawn.answer)]
    assert len(set(solutions)) == {4: 1, 5: 2}[level]  # as many as there can be
    gaps = [
        mpmath.log(value(left, {x: at}, real)) - mpmath.log(value(right, {x: at}, real))
        for at in solutions
        if level == 4
    ]
    gaps += [value(left, {x: at}, real) for at in solutions if level == 5]
    return all(near(gap, 0) for gap in gaps)


@checks("logarithm")
def logarithm(drawn: Drawn, level: int) -> bool:
    answer = value(drawn.answer, leaf=real)
    if level <= 3:
        return near(value(formulas(drawn.question)[0], leaf=real), answer)
    left, right = equation(drawn.question)
    x = variable(left)
    inside = re.findall(r"\}\(([^()]*)\)", left)
    assert len(inside) == (1 if level == 4 else 2)
    # The sum of two logarithms with positive factors only grows: no second solution.
    return all(value(one, {x: answer}, real) > 0 for one in inside) and near(value(left, {x: answer}, real), int(right))


@checks("sequence")
def sequence(drawn: Drawn, level: int) -> bool:
    question, answer = drawn.question, value(drawn.answer)
    if level == 5:
        one, two, rule = (formula.partition("=")[2] for formula in formulas(question)[:3])
        terms = [int(one), int(two)]
        rule = rule.replace("a_{n-1}", "b").replace("a_n", "a")
        asked = int(formulas(question)[-1].removeprefix("a_"))
        while len(terms) < asked:
            terms.append(int(value(rule, {"a": terms[-1], "b": terms[-2]})))
        return bool(terms[-1] == answer)
    if level == 3:
        (i, j, k), (a, b) = ints(re.sub(r"\$.*?\$", "", question)), [int(f) for f in formulas(question)]
        step = Fraction(b - a, j - i)
        return bool(a + (k - i) * step == answer)
    first, step = (value(formula) for formula in formulas(question)[:2])
    terms = [first]
    count = int((re.findall(r"\d+", question.rpartition("What")[2]) or ["900"])[0])
    while len(terms) < count:
        terms.append(terms[-1] * step if level == 4 and count < 900 else terms[-1] + step)
        if level == 4 and count == 900:
            return near(sum(mpmath.mpf(first.numerator) * real_of(step) ** n for n in range(500)), real_of(answer))
    return bool((terms[-1] if level == 1 else sum(terms)) == answer)


def real_of(fraction: Fraction) -> Any:
    return mpmath.mpf(fraction.numerator) / fraction.denominator


@checks("common-divisor")
def common(drawn: Drawn, level: int) -> bool:
    numbers, answer = ints(drawn.question), int(drawn.answer)
    if "multiple" in drawn.question:
        return next(n for n in itertools.count(max(numbers), max(numbers)) if not any(n % m for m in numbers)) == answer
    return max(d for d in range(1, min(numbers) + 1) if not any(n % d for n in numbers)) == answer


@checks("remainder")
def remainder(drawn: Drawn, level: int) -> bool:
    formula, m = formulas(drawn.question)
    return bool(value(formula) % int(m) == int(drawn.answer))


@checks("congruence")
def congruence(drawn: Drawn, level: int) -> bool:
    _, m, a, b, _ = ints(drawn.question)
    return [x for x in range(m) if (a * x - b) % m == 0] == ints(drawn.answer)


@checks("chinese-remainder")
def chinese(drawn: Drawn, level: int) -> bool:
    numbers = ints(drawn.question)
    parts = list(zip(numbers[::2], numbers[1::2], strict=True))
    answer = int(drawn.answer)
    assert math.lcm(*(m for _, m in parts)) > answer > 0  # so no smaller one does it
    return all(answer % m == rest for rest, m in parts)


@checks("divisors")
def divisors(drawn: Drawn, level: int) -> bool | None:
    n = ints(drawn.question)[0]
    if "share no divisor" in drawn.question:
        if n > ENUMERATE:
            return None
        return sum(math.gcd(n, k) == 1 for k in range(1, n + 1)) == int(drawn.answer)
    small = [d for d in range(1, math.isqrt(n) + 1) if n % d == 0]
    found = {*small, *(n // d for d in small)}
    if "sum" in drawn.question:
        return sum(found) == int(drawn.answer)
    if " odd " in drawn.question or " even " in drawn.question:
        found = {d for d in found if d % 2 == (" odd " in drawn.question)}
    elif "squares" in drawn.question:
        found = {d for d in found if math.isqrt(d) ** 2 == d}
    return len(found) == int(drawn.answer)


@cache
def sieve() -> bytearray:
    found = bytearray([1]) * 1_001_000
    found[0] = found[1] = 0
    for n in range(2, 1001):
        if found[n]:
            found[n * n :: n] = bytes(len(found[n * n :: n]))
    return found


@checks("primes")
def primes(drawn: Drawn, level: int) -> bool:
    numbers, answer, prime = ints(drawn.question), int(drawn.answer), sieve()
    if "How many" in drawn.question:
        return sum(prime[numbers[0] : numbers[1] + 1]) == answer
    if "greater" in drawn.question:
        return prime.index(1, numbers[0] + 1) == answer
    n = numbers[0]
    found = [p for p in range(2, math.isqrt(n) + 1) if n % p == 0 and prime[p]]
    found += [n // d for d in range(1, math.isqrt(n) + 1) if n % d == 0 and prime[n // d] and n // d not in found]
    return (sum(found) if "sum" in drawn.question else max(found)) == answer


@checks("bases")
def bases(drawn: Drawn, level: int) -> bool:
    def numbers() -> Iterator[int]:
        for digits, base in re.findall(r"(?:\\text\{)?([0-9A-F]+)\}?_\{(\d+)\}", drawn.question):
            yield int(digits, int(base))

    found = list(numbers())
    target = int(re.findall(r"in base \$?(\d+)", drawn.question)[-1])
    if not found:
        return int(drawn.answer, target) == ints(drawn.question)[0]
    if len(found) == 1:
        return int(drawn.answer, target) == found[0]
    one, other = found
    whole = one * other if "cdot" in drawn.question else one + other if " + " in drawn.question else one - other
    return int(drawn.answer, target) == whole


@checks("digits")
def digits(drawn: Drawn, level: int) -> bool:
    question, answer = drawn.question, int(drawn.answer)
    if "divides" in question:
        p, n = int(formulas(question)[1].partition("^")[0]), int(formulas(question)[2].strip("!"))
        whole = math.factorial(n)
        return whole % p**answer == 0 != whole % p ** (answer + 1)
    if "How many" in question:
        low, high, total = ints(question)
        return sum(sum(map(int, str(n))) == total for n in range(low, high + 1)) == answer
    return sum(map(int, str(int(value(formulas(question)[0]))))) == answer


@checks("linear-form")
def linear_form(drawn: Drawn, level: int) -> bool:
    numbers = ints(drawn.question.replace(" - ", " -"))
    if level == 5:
        a, b, total = numbers
        pairs = itertools.product(range(1, total // a + 1), range(1, total // b + 1))
        return sum(a * x + b * y == total for x, y in pairs) == int(drawn.answer) > 0
    a, b = numbers
    reach = {a * x + b * y for x in range(-40, 41) for y in range(-40, 41)}
    smallest = min(n for n in reach if n > 0)
    return (
        a % int(drawn.answer) == 0 == b % int(drawn.answer)
        and smallest >= int(drawn.answer)
        and (math.gcd(a, b) == int(drawn.answer))
    )


def listed(count: int, found: Callable[[], int], drawn: Drawn) -> bool | None:
    """Whether listing `count` things gives the answer; None where they are too many."""
    return None if count > ENUMERATE else found() == int(drawn.answer)


@checks("permutations")
def permutations(drawn: Drawn, level: int) -> bool | None:
    numbers, question = ints(drawn.question), drawn.question
    if level == 1:
        k, n = sorted(numbers)
        return listed(math.perm(n, k), lambda: sum(1 for _ in itertools.permutations(range(n), k)), drawn)
    if level == 2:
        k, n, j, m = numbers
        first, second = itertools.permutations(range(n), k), itertools.permutations(range(m), j)
        return listed(
            math.perm(n, k) * math.perm(m, j), lambda: sum(1 for _ in itertools.product(first, second)), drawn
        )
    if level == 3:
        n, m = numbers

        def block(row: tuple[int, ...]) -> bool:
            places = [place for place, person in enumerate(row) if person < m]
            return places[-1] - places[0] == m - 1

        wanted = "must not" not in question
        return listed(
            math.factorial(n), lambda: sum(block(r) == wanted for r in itertools.permutations(range(n))), drawn
        )
    if level == 4:
        couples, threes, singles = numbers if "trio" in question else (numbers[0], 0, numbers[1])
        groups = [2] * couples + [3] * threes
        people = sum(groups) + singles
        circle = "round table" in question
        group_of = [group for group, size in enumerate(groups) for _ in range(size)] + [None] * singles

        def together(row: tuple[int, ...]) -> bool:
            """Each group has one neighbour less than members, counted along the row or circle."""
            places = [group_of[person] for person in row]
            pairs = [*itertools.pairwise(places), *([(places[-1], places[0])] if circle else [])]
            joined = Counter(one for one, other in pairs if one == other and one is not None)
            whole = circle and len(groups) == 1 and not singles
            return all(joined[group] == size - (not whole) for group, size in enumerate(groups))

        every = ((0, *rest) for rest in itertools.permutations(range(1, people))) if circle else None
        rows = every or itertools.permutations(range(people))
        return listed(math.factorial(people - circle), lambda: sum(map(together, rows)), drawn)
    others, apart = numbers[:2]
    first = (numbers[2] if len(numbers) == 3 else 1) if "and the first" in question else 0

    @cache
    def rows_of(plain: int, careful: int, after_careful: bool, place: int) -> int:
        """Patterns, place by place."""
        if plain + careful == 0:
            return 1
        ways = rows_of(plain - 1, careful, False, place + 1) if plain else 0
        if careful and not after_careful and place >= first:
            ways += rows_of(plain, careful - 1, True, place + 1)
        return ways

    patterns = rows_of(others, apart, False, 0)
    return patterns * math.factorial(others) * math.factorial(apart) == int(drawn.answer)


@checks("choices")
def choices(drawn: Drawn, level: int) -> bool:
    """Person by person: how many teams of each make-up are there among the first ones?"""
    numbers, question = ints(drawn.question), drawn.question
    if level == 1:
        size, people = sorted(numbers)
        groups, least = [people], [0]
    elif level == 2:
        *least, one, other = numbers
        groups, size = [one, other], sum(least)
    elif level < 5:
        size, one, other, *least = numbers
        groups, least = [one, other], [*least, 0][:2]
    else:
        size, *groups = numbers[:4]
        named = re.findall(r"\d+ (\w+?)s?(?=,| and|\?| if)", question)
        lows = {name: int(low) for low, name in re.findall(r"at least (\d+) (\w+?)s?(?=,| and|\?)", question)}
        least = [lows.get(name, 0) for name in named[:3]]
    teams = Counter({(0,) * len(groups): 1})
    for group, people in enumerate(groups):
        for _ in range(people):
            for team, ways in list(teams.items()):
                if sum(team) < size:
                    teams[*team[:group], team[group] + 1, *team[group + 1 :]] += ways
    fitting = (team for team in teams if sum(team) == size and all(map(int.__ge__, team, least)))
    return sum(teams[team] for team in fitting) == int(drawn.answer)


@checks("arrangements")
def arrangements(drawn: Drawn, level: int) -> bool:
    """One letter after the other: how many ways are there to go on with the letters that are left?"""
    question = drawn.question
    word = re.search(r"letters of ([A-Z]+)", question)
    counts = Counter(word[1]) if word else dict(enumerate(ints(question)))
    found = re.search(r"(begin with|all the letters|two letters) ([A-Z])\b", question)
    own, letter = (found[1], found[2]) if found else ("", None)
    ending = re.search(r"end with ([A-Z])", question)

    last_letter = ending[1] if ending else None
    named = [counts.get(one, 0) for one in (letter, last_letter)]
    others = sorted(n for one, n in counts.items() if one not in (letter, last_letter))

    @cache
    def ways(left: tuple[int, ...], last: int, begun: bool, ended: bool) -> int:
        """`left` of the two letters that the question names, and of the others in order; `last` is a place in it."""
        if not any(left):
            return int(last_letter is None or last == 1)
        total = 0
        for place, n in enumerate(left):
            wrong_start = own == "begin with" and last < 0 and place != 0
            neighbours = own == "two letters" and place == last == 0
            apart = own == "all the letters" and place == 0 and ended
            if n == 0 or wrong_start or neighbours or apart:
                continue
            rest = [*left[:place], n - 1, *left[place + 1 :]]
            rest[2:] = sorted(rest[2:])
            now = begun or place == 0
            total += ways(tuple(rest), min(place, 2), now, now and place != 0)
        return total

    return ways((*named, *others), -1, False, False) == int(drawn.answer)


@checks("distributions")
def distributions(drawn: Drawn, level: int) -> bool:
    """Thing by thing: how many ways to reach each total with the first children."""
    question = drawn.question
    if "children" in question:
        total, k, *least = ints(question)
        bounds = [((least or [0])[0], total)] * k
    else:
        total = int(re.search(r"x_\d (?:=|\\le) (\d+)\$ have", question)[1])  # type: ignore[index]
        k = max(int(n) for n in re.findall(r"x_(\d)", question))
        shared = re.search(r"\$x_1, [^$]*\\ge (\d)\$", question)
        low = dict.fromkeys(range(1, k + 1), int(shared[1]) if shared else 0)
        low |= {int(place): int(n) for place, n in re.findall(r"\$x_(\d) \\ge (\d+)\$", question)}
        high = {int(place): int(n) for place, n in re.findall(r"\$0 \\le x_(\d) \\le (\d+)\$", question)}
        bounds = [(low[place], high.get(place, total)) for place in range(1, k + 1)]
    reached = Counter({0: 1})
    for low_one, high_one in bounds:
        following: Counter[int] = Counter()
        for amount, ways in reached.items():
            for more in range(low_one, min(high_one, total - amount) + 1):
                following[amount + more] += ways
        reached = following
    return (sum(reached.values()) if level == 4 else reached[total]) == int(drawn.answer)


@checks("probability")
def probability(drawn: Drawn, level: int) -> bool | None:
    question, answer = drawn.question, value(drawn.answer)
    numbers = ints(re.sub(r"\$.*?\$", "", question))
    if "dice" in question:
        a, b, total = numbers[1], numbers[3], numbers[4]
        rolls = [i + j for i in range(1, a + 1) for j in range(1, b + 1)]
        return bool(Fraction(rolls.count(total), len(rolls)) == answer)
    if level == 4:
        n, k = numbers
        chance = value(formulas(question)[0])
        hits = {0: Fraction(1)}
        for _ in range(n):
            hits = {
                j: hits.get(j, Fraction(0)) * (1 - chance) + hits.get(j - 1, Fraction(0)) * chance for j in range(n + 1)
            }
        return bool((hits[k] if "exactly" in question else sum(hits[j] for j in range(k, n + 1))) == answer)
    if level == 5:
        chance = value(formulas(question)[0])
        a, b, c, d = (int(n) for n in re.findall(r"(\d+) \w+ (?:and|balls)", question))
        # As many equal chances as there are pairs of balls, times the denominator.
        over, under = chance.numerator, chance.denominator
        first, second = over * a * (c + d), (under - over) * c * (a + b)
        return bool(Fraction(first, first + second) == answer)
    if level == 1:
        balls = [place for place, n in enumerate(numbers[:3]) for _ in range(n)]
        return bool(Fraction(sum(map(bool, balls)), len(balls)) == answer)
    if level == 3:
        bag, asked = question.split("exactly")
        counts = {colour: int(n) for n, colour in re.findall(r"(\d+) (\w+)(?=,| and| balls\.)", bag)}
        hits_of = {colour: int(n) for n, colour in re.findall(r"(\d+) (\w+) ball", asked)}
        size = sum(hits_of.values())
        if math.perm(sum(counts.values()), size) > 20 * ENUMERATE:
            return None
        bag_of = [colour for colour, n in counts.items() for _ in range(n)]
        teams = [Counter(team) for team in itertools.combinations(bag_of, size)]
        return bool(Fraction(sum(team == hits_of for team in teams), len(teams)) == answer)
    a, b = numbers[:2]
    size, wanted = 2, 1 if "different" in question else 2
    draws = itertools.combinations([1] * a + [0] * b, size)
    if math.comb(a + b, size) > ENUMERATE:
        return None
    sums = [sum(drawn_balls) for drawn_balls in draws]
    return bool(Fraction(sums.count(wanted), len(sums)) == answer)


@checks("divisibility")
def divisibility(drawn: Drawn, level: int) -> bool:
    low, high, *by = ints(drawn.question)
    hits: Callable[[int], bool] = {
        1: lambda n: n % by[0] == 0,
        2: lambda n: n % by[0] == 0 or n % by[1] == 0,
        3: lambda n: n % by[0] == 0 and n % by[1] != 0,
        4: lambda n: all(n % d for d in by),
        5: lambda n: sum(n % d == 0 for d in by) == 1,
    }[level]
    return sum(map(hits, range(low, high + 1))) == int(drawn.answer)


@checks("lattice-paths")
def lattice_paths(drawn: Drawn, level: int) -> bool:
    points = [(int(x), int(y)) for x, y in re.findall(r"\((-?\d+), (-?\d+)\)", drawn.question)]
    start, end, *marked = points
    none: frozenset[tuple[int, int]] = frozenset()
    ways = Counter({(start, none): 1})  # by place and the marked points that were met
    for x in range(start[0], end[0] + 1):
        for y in range(start[1], end[1] + 1):
            for (place, met), count in list(ways.items()):
                if place in ((x - 1, y), (x, y - 1)):
                    ways[(x, y), met | ({(x, y)} & set(marked))] += count
        for place, met in list(ways):
            if place[0] < x:
                del ways[place, met]
    fits: dict[str, Callable[[Any], bool]] = {
        "made of": lambda met: True,
        "many pass through (": lambda met: marked[0] in met,
        "do not": lambda met: marked[0] not in met,
        "but not": lambda met: marked[0] in met and marked[1] not in met,
        "neither": lambda met: not met,
        "at least one": bool,
    }
    how = [name for name in fits if name in drawn.question.replace("$", "")][-1]
    return sum(count for (place, met), count in ways.items() if place == end and fits[how](met)) == int(drawn.answer)


@checks("strings")
def strings(drawn: Drawn, level: int) -> bool | None:
    numbers = ints(drawn.question)
    if level == 1:
        return listed(math.prod(numbers), lambda: sum(1 for _ in itertools.product(*map(range, numbers))), drawn)
    if level == 2:
        length, letters, more, digits = numbers
        sets = [range(letters)] * length + [range(digits)] * more
        return listed(letters**length * digits**more, lambda: sum(1 for _ in itertools.product(*sets)), drawn)
    if level == 3:
        length, letters, *rest = numbers
        words = [int(letter < (rest or [1])[0]) for letter in range(letters)]  # by last letter
        for _ in range(length - 1):
            words = [sum(words) - own for own in words]
        return sum(words) == int(drawn.answer)
    if level == 4:
        letters, vowels, length, least = numbers
        by_vowels = Counter({0: 1})
        for _ in range(length):
            by_vowels = Counter(
                {n: by_vowels[n] * (letters - vowels) + by_vowels[n - 1] * vowels for n in range(length + 1)}
            )
        return sum(by_vowels[n] for n in range(least, length + 1)) == int(drawn.answer)
    letters, length = numbers
    names = re.findall(r"\b[A-G]\b", drawn.question.partition("contain")[2].partition("at least")[0])
    banned = re.findall(r"\b[A-G]\b", drawn.question.partition("at least")[2])
    by_missing = Counter({len(names): 1})  # how many of the letters have not come yet
    for _ in range(length):
        plain = letters - len(banned)
        by_missing = Counter(
            {n: by_missing[n] * (plain - n) + by_missing[n + 1] * (n + 1) for n in range(len(names) + 1)}
        )
    return by_missing[0] == int(drawn.answer)


def slope(text: str, at: Any, order: int = 1) -> Any:
    return mpmath.diff(lambda x: value(text, {"x": x}, real), at, order)


def at(text: str, x: Any) -> Any:
    return value(text, {"x": mpmath.mpf(x)}, real)


def body(question: str) -> str:
    """What stands after f(x) = or y = in the first formula that says so."""
    found = next(f for f in formulas(question) if re.match(r"[a-zA-Z]'?(\(x\))? = ", f))
    return found.partition(" = ")[2]


POINTS = (mpmath.mpf("0.3"), mpmath.mpf("1.7"), mpmath.mpf("2.9"))


@checks("derivative")
def derivative(drawn: Drawn, level: int) -> bool:
    text = body(drawn.question)
    return all(near(at(drawn.answer, x), slope(text, x)) for x in POINTS)


@checks("slope")
def slope_at(drawn: Drawn, level: int) -> bool:
    asked = formulas(drawn.question)[-1]
    x = mpmath.mpf(ints(asked)[-1])
    return near(slope(body(drawn.question), x, asked.count("'")), value(drawn.answer, leaf=real))


@checks("antiderivative")
def antiderivative(drawn: Drawn, level: int) -> bool:
    start = int(re.search(r"F\(0\) = (-?\d+)", drawn.question)[1])  # type: ignore[index]
    text = body(drawn.question)
    return near(at(drawn.answer, 0), start) and all(near(slope(drawn.answer, x), at(text, x)) for x in POINTS)


NODES, WEIGHTS = numpy.polynomial.legendre.leggauss(24)


@checks("definite-integral")
def definite_integral(drawn: Drawn, level: int) -> bool:
    low, high, text = re.search(r"\\int_\{(.*?)\}\^\{(.*)\} (.*) \\, dx", drawn.question).groups()  # type: ignore[union-attr]
    a, b = value(low, leaf=real), value(high, leaf=real)
    middle, half = (a + b) / 2, (b - a) / 2
    parts = [w * at(text, middle + half * node) for node, w in zip(NODES, WEIGHTS, strict=True)]
    scale = half * max(abs(part) for part in parts)
    return bool(abs(half * sum(parts) - value(drawn.answer, leaf=real)) <= 1e-10 * (1 + scale))


@checks("limit")
def limit(drawn: Drawn, level: int) -> bool:
    to, text = re.search(r"\\lim_\{x \\to (.*?)\} (.*)\$\.", drawn.question).groups()  # type: ignore[union-attr]
    tiny = mpmath.mpf(10) ** -18
    x = 1 / tiny if "infty" in to else int(to) + tiny
    return near(at(text, x), value(drawn.answer, leaf=real))


@checks("extremum")
def extremum(drawn: Drawn, level: int) -> bool:
    text, answer = body(drawn.question), value(drawn.answer, leaf=real)
    upper = "maximum" in drawn.question.replace("one local maximum", "")
    if level == 5:
        low, high = mpmath.mpf("0.01"), mpmath.mpf(100)  # the function falls, then grows
        for _ in range(45):
            one, other = low + (high - low) / 3, high - (high - low) / 3
            low, high = (low, other) if at(text, one) < at(text, other) else (one, high)
        return near(at(text, low), answer)
    poly = numpy.array(coefficients(text, 2 if level <= 2 else 3), float)
    turns = [float(x.real) for x in numpy.roots(numpy.polyder(poly)) if abs(x.imag) < 1e-9]
    if level == 3:
        turns = [x for x in turns if (numpy.polyval(numpy.polyder(poly, 2), x) < 0) == upper]
    if level == 4:
        start, end = ints(formulas(drawn.question)[-1])
        turns = [x for x in turns if start < x < end] + [start, end]
    values = [float(numpy.polyval(poly, x)) for x in turns]
    return bool(abs((max(values) if upper else min(values)) - float(answer)) < 1e-6 * (1 + abs(float(answer))))


@checks("tangent")
def tangent(drawn: Drawn, level: int) -> bool:
    text, line = body(drawn.question), drawn.answer.removeprefix("y = ")
    x = int(re.search(r"\$x = (-?\d+)\$", drawn.question)[1])  # type: ignore[index]
    steep = at(line, 1) - at(line, 0)
    return near(at(text, x), at(line, x)) and near(slope(text, mpmath.mpf(x)), steep)


@checks("area")
def area(drawn: Drawn, level: int) -> bool:
    one, other = (numpy.array(coefficients(f.partition("=")[2], 2), float) for f in formulas(drawn.question))
    low, high = sorted(numpy.roots(one - other).real)
    whole = numpy.polyint(one - other)
    size = abs(float(numpy.polyval(whole, high) - numpy.polyval(whole, low)))
    return abs(size - float(value(drawn.answer))) < 1e-6 * (1 + size) and size > 0
