"""Word problems of two or three steps, with whole-number answers."""

from __future__ import annotations

import random

_NAMES = ("Ada", "Bruno", "Chen", "Dalia", "Emeka", "Farah", "Goran", "Hana", "Ines", "Jonas", "Kofi", "Lena")
_THINGS = ("apples", "stickers", "marbles", "shells", "buttons", "postcards", "walnuts", "beads")


def word_problem(draw: random.Random) -> tuple[str, str, int]:
    """Unit, question and answer. Names and things do not make another problem: the unit is template and numbers."""
    name, other = draw.sample(_NAMES, 2)
    thing = draw.choice(_THINGS)
    template = draw.randrange(8)
    r = draw.randint
    if template == 0:
        bags, each, given = r(2, 9), r(3, 12), r(1, 5)
        numbers, answer = (bags, each, given), bags * each - given
        text = (
            f"{name} has {bags} bags with {each} {thing} in each. {name} gives {given} of the {thing} to {other}. "
            f"How many {thing} does {name} have left?"
        )
    elif template == 1:
        have, more, share = r(5, 40), r(2, 9), r(2, 6)
        have += -(have + more) % share
        numbers, answer = (have, more, share), (have + more) // share
        text = (
            f"{name} has {have} {thing} and finds {more} more. All of them are shared equally among {share} friends. "
            f"How many {thing} does each friend get?"
        )
    elif template == 2:
        price, count, paid = r(2, 9), r(2, 9), 0
        paid = price * count + r(1, 20)
        numbers, answer = (price, count, paid), paid - price * count
        text = (
            f"A notebook costs {price} dollars. {name} buys {count} of them and pays with {paid} dollars. "
            f"How many dollars does {name} get back?"
        )
    elif template == 3:
        pages, days, total = r(5, 30), r(2, 9), 0
        total = pages * days + r(5, 60)
        numbers, answer = (pages, days, total), total - pages * days
        text = (
            f"A book has {total} pages. {name} reads {pages} pages a day for {days} days. "
            f"How many pages are left to read?"
        )
    elif template == 4:
        first, times, more = r(3, 20), r(2, 5), r(1, 15)
        numbers, answer = (first, times, more), first + first * times + more
        text = (
            f"{name} collects {first} {thing} on Monday, {times} times as many on Tuesday, and {more} on Wednesday. "
            f"How many {thing} is that in total?"
        )
    elif template == 5:
        rows, seats, empty = r(4, 15), r(5, 20), r(1, 19)
        numbers, answer = (rows, seats, empty), rows * seats - empty
        text = f"A hall has {rows} rows of {seats} seats. {empty} seats are empty. How many seats are taken?"
    elif template == 6:
        speed, hours, rest = r(3, 20), r(2, 6), r(2, 15)
        numbers, answer = (speed, hours, rest), speed * hours + rest
        text = (
            f"{name} cycles {speed} kilometres an hour for {hours} hours, and {other} drives the last {rest} "
            f"kilometres. How long is the whole way in kilometres?"
        )
    else:
        age, older, years = r(4, 30), r(2, 15), r(2, 12)
        numbers, answer = (age, older, years), 2 * (age + years) + older
        text = (
            f"{name} is {age} years old and {other} is {older} years older. What will be the sum of their ages in "
            f"{years} years?"
        )
    return "-".join(map(str, (template, *numbers))), text, answer
