"""Combinatorics: choices, arrangements, distributions, probability, inclusion and exclusion, lattice paths.

Levels: 1 one rule, small numbers; 2 a product of two counts; 3 one condition; 4 several cases; 5 conditions that need
inclusion and exclusion, or conditional probability.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from fractions import Fraction
from itertools import combinations, pairwise, product

from verirl_tasks.math.generators.kind import Drawn, Kind, key
from verirl_tasks.math.generators.latex import number, term_sum

_LOWEST = "Give the answer as a fraction in lowest terms."
_COLOURS = ("red", "green", "blue", "white", "black", "yellow")
_CLUBS = ("committee", "team", "delegation", "panel")
_PEOPLE = (("teachers", "students"), ("doctors", "nurses"), ("painters", "writers"), ("pilots", "engineers"))


def permutations(draw: random.Random, level: int) -> Drawn:
    r = draw.randint
    people = draw.choice(("children", "guests", "students", "players"))
    if level == 1:
        n, k = r(4, 30), r(2, 4)
        text = draw.choice(
            (
                f"In how many ways can {k} different prizes be given to {n} {people} if nobody gets more than one?",
                f"{n} runners race, without ties. How many outcomes are there for the first {k} places, in order?",
                f"In how many ways can {k} of {n} different books be lined up on a shelf?",
            )
        )
        return Drawn(key("some", n, k), text, str(math.perm(n, k)))
    if level == 2:
        n, k, m, j = r(3, 26), r(2, 3), r(3, 10), r(2, 3)
        text = (
            f"A code consists of {k} different letters, chosen from {n}, followed by {j} different digits, chosen from "
            f"{m}. How many such codes are there?"
        )
        return Drawn(key("code", n, k, m, j), text, str(math.perm(n, k) * math.perm(m, j)))
    n = r(4, 12)
    if level == 3:
        m = r(2, n - 1)
        if draw.random() < 0.5:
            text = f"In how many ways can {n} {people} stand in a row if {m} particular {people} must stand together as one block?"
            return Drawn(key("together", n, m), text, str(math.factorial(m) * math.factorial(n - m + 1)))
        text = (
            f"In how many ways can {n} different cars be parked in a row if {m} particular cars must not all be "
            "together as one block?"
        )
        answer = math.factorial(n) - math.factorial(m) * math.factorial(n - m + 1)
        return Drawn(key("not-together", n, m), text, str(answer))
    if level == 4:
        couples, threes, singles = r(1, 4), r(0, 2), r(1, 5)
        blocks = couples + threes + singles
        circle = draw.random() < 0.5
        ways = math.factorial(blocks - circle) * 2**couples * 6**threes
        how = "sit around a round table, where only the order around it counts," if circle else "sit in a row"
        who = [_some(f"{couples} couples", couples), f"{singles} single {'people' if singles > 1 else 'person'}"]
        if threes:
            who.insert(1, f"{threes} {_some('trios', threes)} of friends")
        text = f"In how many ways can {_and(who)} {how} if every {'couple and every trio' if threes else 'couple'} sits together?"
        return Drawn(key("couples", circle, couples, threes, singles), text, str(ways))
    apart = r(2, 5)
    others, first = r(apart - 1, 8), r(0, 3)
    one, other = draw.choice(_PEOPLE)
    first = min(first, others + 1 - apart)  # else there is no room
    places = f"{first} people in the row are {one}" if first > 1 else f"person in the row is one of the {one}"
    where = f" and the first {places}" if first else ""
    text = (
        f"In how many ways can {others} {one} and {apart} {other}, all different people, stand in a row if no two "
        f"{other} stand next to each other{where}?"
    )
    gaps = others + 1 - first  # where one of them can stand: not before the first places
    return Drawn(key("apart", others, apart, first), text, str(math.factorial(others) * math.perm(gaps, apart)))


def choices(draw: random.Random, level: int) -> Drawn:
    r = draw.randint
    club = draw.choice(_CLUBS)
    if level == 1:
        n, k = r(5, 30), r(2, 5)
        k = min(k, n - 1)
        text = draw.choice(
            (
                f"In how many ways can a {club} of {k} be chosen from {n} people?",
                f"How many subsets with exactly {k} elements does a set of {n} elements have?",
                f"In how many ways can you choose {k} of {n} different books to take along?",
            )
        )
        return Drawn(key("some", n, k), text, str(math.comb(n, k)))
    one, other = draw.choice(_PEOPLE)
    m, w = r(4, 14), r(4, 14)
    if level == 2:
        a, b = r(1, min(m - 1, 5)), r(1, min(w - 1, 5))
        text = f"In how many ways can a {club} of {a} {_some(one, a)} and {b} {_some(other, b)} be chosen from {m} {one} and {w} {other}?"
        return Drawn(key("both", sorted([(m, a), (w, b)])), text, str(math.comb(m, a) * math.comb(w, b)))
    if level == 3:
        size, least = r(3, 6), r(1, 2)
        ways = sum(math.comb(m, j) * math.comb(w, size - j) for j in range(least, size + 1))
        text = (
            f"In how many ways can a {club} of {size} people be chosen from {m} {one} and {w} {other} if it must have "
            f"at least {least} of the {one}?"
        )
        return Drawn(key("at-least", m, w, size, least), text, str(ways))
    if level == 4:
        least, lower = r(1, 3), r(1, 3)
        size = least + lower + r(1, 3)
        ways = sum(math.comb(m, j) * math.comb(w, size - j) for j in range(least, size - lower + 1))
        text = (
            f"In how many ways can a {club} of {size} people be chosen from {m} {one} and {w} {other} if it must have "
            f"at least {least} of the {one} and at least {lower} of the {other}?"
        )
        return Drawn(key("at-least-both", sorted([(m, least), (w, lower)]), size), text, str(ways))
    groups = [r(3, 12) for _ in range(3)]
    lows = [r(0, 2) for _ in range(3)]
    if sum(lows) < 2:
        lows = [1, 1, 1]
    size = r(sum(lows), min(sum(lows) + 4, sum(groups)))
    ways = 0
    for i, j in product(range(lows[0], size + 1), range(lows[1], size + 1)):
        if size - i - j >= lows[2]:
            ways += math.prod(map(math.comb, groups, (i, j, size - i - j)))
    names = draw.sample(("singers", "dancers", "actors", "clowns", "jugglers"), 3)
    listed = f"{groups[0]} {names[0]}, {groups[1]} {names[1]} and {groups[2]} {names[2]}"
    needed = [f"at least {low} {_some(name, low)}" for low, name in zip(lows, names, strict=True) if low]
    text = f"In how many ways can a {club} of {size} people be chosen from {listed} if it must have {_and(needed)}?"
    unit = key("three", sorted(zip(groups, lows, strict=True)), size)
    return Drawn(unit, text, str(ways))


def _some(plural: str, count: int) -> str:
    return plural[:-1] if count == 1 else plural


def arrangements(draw: random.Random, level: int) -> Drawn:
    """Things of which some are alike."""
    r = draw.randint
    kinds, most = {1: (2, 6), 2: (3, 4), 3: (r(3, 5), 4), 4: (r(3, 5), 4), 5: (r(3, 5), 4)}[level]
    counts = [r(1, most) for _ in range(kinds)]
    while max(counts) == 1 or sum(counts) < 4:
        counts = [r(1, most) for _ in range(kinds)]
    ways = _alike(counts)
    if level <= 3 and draw.random() < 0.5:
        colours = draw.sample(_COLOURS, kinds)
        listed = _and([f"{n} {colour}" for n, colour in zip(counts, colours, strict=True)])
        text = f"In how many different orders can {listed} flags be hung in a row if flags of one colour look the same?"
        return Drawn(key("all", sorted(counts)), text, str(ways))
    letters = draw.sample("ABCDEFGHKLMNPRSTU", kinds)
    word = [letter for letter, n in zip(letters, counts, strict=True) for _ in range(n)]
    draw.shuffle(word)
    shown = f"How many different arrangements of all the letters of {''.join(word)} are there"
    if level <= 3:
        return Drawn(key("all", sorted(counts)), f"{shown}?", str(ways))
    place = draw.choice([place for place, n in enumerate(counts) if n > 1])
    own, rest = counts[place], counts[:place] + counts[place + 1 :]
    if level == 4:
        if draw.random() < 0.5:
            ways = _alike([own - 1, *rest])
            return Drawn(key("first", own, sorted(rest)), f"{shown} that begin with {letters[place]}?", str(ways))
        last = draw.choice([other for other in range(kinds) if other != place])
        left = [n - (one in (place, last)) for one, n in enumerate(counts)]
        others = sorted(n for one, n in enumerate(counts) if one not in (place, last))
        text = f"{shown} that begin with {letters[place]} and end with {letters[last]}?"
        return Drawn(key("ends", sorted((own, counts[last])), others), text, str(_alike(left)))
    if draw.random() < 0.5:
        ways = _alike([1, *rest])
        text = f"{shown} in which all the letters {letters[place]} stand together?"
        return Drawn(key("together", own, sorted(rest)), text, str(ways))
    ways = _alike(rest) * math.comb(sum(rest) + 1, own)
    text = f"{shown} in which no two letters {letters[place]} are neighbours?"
    return Drawn(key("apart", own, sorted(rest)), text, str(ways))


def _alike(counts: Sequence[int]) -> int:
    return math.factorial(sum(counts)) // math.prod(map(math.factorial, counts))


def _and(parts: Sequence[str]) -> str:
    return f"{', '.join(parts[:-1])} and {parts[-1]}" if len(parts) > 1 else parts[0]


def distributions(draw: random.Random, level: int) -> Drawn:
    """Equal things to different people: stars and bars."""
    r = draw.randint
    k = r(2, 6) if level <= 2 else r(3, 5)
    n = r(5, 50) if level <= 2 else r(8, 40)
    names = ", ".join(f"x_{place}" for place in range(1, k + 1))
    total = term_sum((1, f"x_{place}") for place in range(1, k + 1))
    things = draw.choice(("coins", "apples", "pencils", "balloons"))
    if level <= 2:
        least = 0 if level == 1 else r(1, 6)
        n += k * least
        shares = f"each child gets at least {least}" if least else "a child may get none"
        text = draw.choice(
            (
                f"In how many ways can {n} identical {things} be given to {k} children if {shares}?",
                f"How many solutions in integers ${names} \\ge {least}$ does ${total} = {n}$ have?",
            )
        )
        return Drawn(key("least", n, [least] * k), text, str(_bars(n - k * least, k)))
    if level == 3:
        lows = [r(0, 6) for _ in range(k)]
        n += sum(lows)
        bounds = _and([f"$x_{place} \\ge {low}$" for place, low in enumerate(lows, 1)])
        text = f"How many integer solutions does ${total} = {n}$ have with {bounds}?"
        return Drawn(key("least", n, sorted(lows)), text, str(_bars(n - sum(lows), k)))
    if level == 4:
        lows = [r(0, 4) for _ in range(k)]
        n += sum(lows)
        bounds = _and([f"$x_{place} \\ge {low}$" for place, low in enumerate(lows, 1)])
        text = f"How many integer solutions does ${total} \\le {n}$ have with {bounds}?"
        return Drawn(key("at-most", n, sorted(lows)), text, str(_bars(n - sum(lows), k + 1)))
    most = [r(3, 18) for _ in range(k)]
    n = r(max(most), sum(most) - 2)
    ways = 0
    for size in range(k + 1):
        for over in combinations(most, size):
            ways += (-1) ** size * _bars(n - sum(over) - size, k)
    bounds = _and([f"$0 \\le x_{place} \\le {high}$" for place, high in enumerate(most, 1)])
    text = f"How many integer solutions does ${total} = {n}$ have with {bounds}?"
    return Drawn(key("between", n, sorted(most)), text, str(ways))


def _bars(n: int, k: int) -> int:
    return math.comb(n + k - 1, k - 1) if n >= 0 else 0


def probability(draw: random.Random, level: int) -> Drawn:
    r = draw.randint
    red, green, blue = draw.sample(_COLOURS, 3)
    if level == 1:
        counts = [r(1, 20) for _ in range(3)]
        text = (
            f"A bag has {counts[0]} {red}, {counts[1]} {green} and {counts[2]} {blue} balls. One is drawn at random. "
            f"What is the probability that it is not {red}? {_LOWEST}"
        )
        unit = key("not", counts[0], sorted(counts[1:]))
        return Drawn(unit, text, number(1 - Fraction(counts[0], sum(counts))))
    if level == 2:
        if draw.random() < 0.3:
            sides, others = sorted((r(4, 20), r(4, 20)))
            total = r(3, sides + others - 1)
            fair = sum(1 <= total - one <= others for one in range(1, sides + 1))
            dice = (
                f"Two fair dice, one with the numbers 1 to {sides} and one with the numbers 1 to {others}, are rolled."
            )
            text = f"{dice} What is the probability that the sum is {total}? {_LOWEST}"
            return Drawn(key("dice", sides, others, total), text, number(Fraction(fair, sides * others)))
        a, b = r(2, 15), r(2, 15)
        whole = a + b
        text = f"A bag has {a} {red} and {b} {green} balls. Two are drawn at random, without replacement. "
        if draw.random() < 0.5:
            return Drawn(
                key("both", a, b),
                f"{text}What is the probability that both are {red}? {_LOWEST}",
                number(Fraction(math.comb(a, 2), math.comb(whole, 2))),
            )
        return Drawn(
            key("different", sorted((a, b))),
            f"{text}What is the probability that they have different colours? {_LOWEST}",
            number(Fraction(a * b, math.comb(whole, 2))),
        )
    if level == 3:
        counts = [r(2, 10) for _ in range(3)]
        hits = [r(0, min(2, n)) for n in counts]
        while sum(hits) < 2:
            hits = [r(0, min(2, n)) for n in counts]
        colours = (red, green, blue)
        listed = _and([f"{n} {colour}" for n, colour in zip(counts, colours, strict=True)])
        wanted = _and([f"{n} {colour} {_some('balls', n)}" for n, colour in zip(hits, colours, strict=True) if n])
        text = (
            f"A bag has {listed} balls. {sum(hits)} balls are drawn at random, without replacement. What is the "
            f"probability of drawing exactly {wanted}? {_LOWEST}"
        )
        fair = math.prod(map(math.comb, counts, hits))
        unit = key("draw", sorted(zip(counts, hits, strict=True)))
        return Drawn(unit, text, number(Fraction(fair, math.comb(sum(counts), sum(hits)))))
    if level == 4:
        under = r(2, 15)
        chance = Fraction(draw.choice([n for n in range(1, under) if math.gcd(n, under) == 1]), under)
        n = r(3, 8)
        k = r(1, n - 1)
        exact = draw.random() < 0.5
        most = k if exact else n
        value = sum((math.comb(n, j) * chance**j * (1 - chance) ** (n - j) for j in range(k, most + 1)), Fraction(0))
        text = (
            f"Each of {n} independent shots hits with probability ${number(chance)}$. What is the probability of "
            f"{'exactly' if exact else 'at least'} {k} hit{'s' if k > 1 else ''}? {_LOWEST}"
        )
        return Drawn(key("shots", exact, n, k, chance), text, number(value))
    (a, b), (c, d) = ((r(1, 12), r(1, 12)) for _ in range(2))
    under = r(2, 10)
    chance = Fraction(draw.choice([n for n in range(1, under) if math.gcd(n, under) == 1]), under)
    text = (
        f"Box 1 has {a} {red} and {b} {green} balls, box 2 has {c} {red} and {d} {green} balls. Box 1 is chosen with "
        f"probability ${number(chance)}$, else box 2, and a ball is drawn from the chosen box at random. The ball is "
        f"{red}. What is the probability that it came from box 1? {_LOWEST}"
    )
    first, second = chance * Fraction(a, a + b), (1 - chance) * Fraction(c, c + d)
    return Drawn(key("boxes", a, b, c, d, chance), text, number(first / (first + second)))


def divisibility(draw: random.Random, level: int) -> Drawn:
    """Counts of multiples, by inclusion and exclusion."""
    r = draw.randint
    high = r(50, 2_000) if level == 1 else r(100, 5_000)
    low = 1
    a, b, c = draw.sample(range(2, 16 if level < 4 else 13), 3)
    if level == 1:
        text, answer, unit = f"are divisible by {a}", high // a, key("one", a)
    elif level == 2:
        text, unit = f"are divisible by {a} or by {b} (or by both)", key("or", sorted((a, b)))
        answer = high - _free(high, (a, b))
    elif level == 3:
        while a % b == 0:
            a, b = draw.sample(range(2, 16), 2)
        text, unit = f"are divisible by {a} but not by {b}", key("but", a, b)
        answer = high // a - high // math.lcm(a, b)
    elif level == 4:
        text, unit = f"are divisible by none of {a}, {b} and {c}", key("none", sorted((a, b, c)))
        answer = _free(high, (a, b, c))
    else:
        low = r(20, 2_000)
        high += low
        text, unit = f"are divisible by exactly one of {a}, {b} and {c}", key("exactly", sorted((a, b, c)))
        answer = sum(
            _only(bound, one, other, third) * sign
            for bound, sign in ((high, 1), (low - 1, -1))
            for one, other, third in ((a, b, c), (b, a, c), (c, a, b))
        )
    return Drawn(key(unit, low, high), f"How many integers from {low} to {high} {text}?", str(answer))


def _free(high: int, divisors: Sequence[int]) -> int:
    """How many of 1 to high are divisible by none of them."""
    return sum(
        (-1) ** size * (high // math.lcm(*chosen))
        for size in range(len(divisors) + 1)
        for chosen in combinations(divisors, size)
    )


def _only(high: int, one: int, other: int, third: int) -> int:
    """How many of 1 to high are divisible by `one` and by neither of the others."""
    pairs = high // math.lcm(one, other) + high // math.lcm(one, third)
    return high // one - pairs + high // math.lcm(one, other, third)


def lattice_paths(draw: random.Random, level: int) -> Drawn:
    """Steps to the right and up. The unit is of the differences: where the grid starts does not matter."""
    r = draw.randint
    stops, most = {1: (0, 10), 2: (0, 16), 3: (1, 8), 4: (2, 6), 5: (2, 6)}[level]
    x, y = (0, 0) if level == 1 else (r(-5, 5), r(-5, 5))
    points = [(0, 0)]
    for _ in range(stops + 1):
        across, up = points[-1]
        points.append((across + r(1, most), up + r(1, most)))
    shown = [f"$({x + across}, {y + up})$" for across, up in points]
    legs = [_paths(*pair) for pair in pairwise(points)]
    every = _paths(points[0], points[-1])
    whole = f"from {shown[0]} to {shown[-1]}"
    if level <= 2:
        text, ways, how = (
            f"How many paths {whole}, made of unit steps to the right and up only, are there?",
            every,
            "all",
        )
    else:
        both = math.prod(legs)
        one = legs[0] * _paths(points[1], points[-1])  # through the first stop
        other = _paths(points[0], points[-2]) * legs[-1]  # through the last
        how, asked, ways = {
            3: [
                ("through", f"pass through {shown[1]}", both),
                ("around", f"do not pass through {shown[1]}", every - both),
            ],
            4: [
                ("first", f"pass through {shown[1]} but not through {shown[-2]}", one - both),
                ("last", f"pass through {shown[-2]} but not through {shown[1]}", other - both),
            ],
            5: [
                ("neither", f"pass through neither {shown[1]} nor {shown[-2]}", every - one - other + both),
                ("either", f"pass through at least one of {shown[1]} and {shown[-2]}", one + other - both),
            ],
        }[level][draw.randrange(2)]
        text = f"Of the paths {whole} made of unit steps to the right and up only, how many {asked}?"
    turned = [(up, across) for across, up in points]  # the same on the other side of the diagonal
    return Drawn(key(how, *min(points, turned)), text, str(ways))


def _paths(start: tuple[int, int], end: tuple[int, int]) -> int:
    across, up = end[0] - start[0], end[1] - start[1]
    return math.comb(across + up, up)


def strings(draw: random.Random, level: int) -> Drawn:
    """The rule of product, and words with a condition."""
    r = draw.randint
    if level == 1:
        menu = [r(2, 15) for _ in range(3)]
        text = (
            f"A menu has {menu[0]} starters, {menu[1]} main courses and {menu[2]} desserts. How many meals of one of "
            "each can be ordered?"
        )
        return Drawn(key("menu", sorted(menu)), text, str(math.prod(menu)))
    letters, length = r(3, 26), r(3, 8)
    if level == 2:
        more, digits = r(1, 4), r(2, 10)
        text = (
            f"A password consists of {length} letters, each chosen from {letters}, followed by {more} "
            f"{_some('digits', more)}, {'each ' if more > 1 else ''}chosen from {digits}. Repeats are allowed. How many such "
            "passwords are there?"
        )
        return Drawn(key("password", letters, length, digits, more), text, str(letters**length * digits**more))
    if level == 3:
        first = r(1, letters - 1)
        start = f"one of {first} particular ones" if first > 1 else "a particular one"
        text = (
            f"How many words of length {length} can be made of {letters} different letters if the first letter must be "
            f"{start}, and a letter may be used again, but never twice in a row?"
        )
        ways = first * (letters - 1) ** (length - 1)
        return Drawn(key("neighbours", letters, length, first), text, str(ways))
    vowels = r(1, min(6, letters - 1))
    if level == 4:
        least = r(1, 3)
        ways = sum(
            math.comb(length, k) * vowels**k * (letters - vowels) ** (length - k) for k in range(least, length + 1)
        )
        text = (
            f"An alphabet has {letters} letters, of which {f'{vowels} are vowels' if vowels > 1 else '1 is a vowel'}. How many words of length "
            f"{length}, in which letters may repeat, have at least {least} {_some('vowels', least)}?"
        )
        return Drawn(key("at-least", letters, vowels, length, least), text, str(ways))
    forced = r(2, min(4, letters - 1, length))
    banned = r(0, min(3, letters - forced - 1))
    free = letters - banned
    ways = sum((-1) ** k * math.comb(forced, k) * (free - k) ** length for k in range(forced + 1))
    names = list("ABCDEFG"[: forced + banned])
    without = (
        f" and none of {_and(names[forced:])}".replace("none of", "none of" if banned > 1 else "no") if banned else ""
    )
    text = (
        f"An alphabet has {letters} letters, among them {_and(names)}. How many words of length {length}, in which letters "
        f"may repeat, contain each of {_and(names[:forced])} at least once{without}?"
    )
    return Drawn(key("each", letters, length, forced, banned), text, str(ways))


KINDS = (
    Kind("permutations", permutations),
    Kind("choices", choices),
    Kind("arrangements", arrangements),
    Kind("distributions", distributions),
    Kind("probability", probability),
    Kind("divisibility", divisibility),
    Kind("lattice-paths", lattice_paths),
    Kind("strings", strings),
)
