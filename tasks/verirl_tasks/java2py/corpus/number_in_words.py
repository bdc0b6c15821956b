SMALL = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
]
TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]


def below(n):
    if n < 20:
        return SMALL[n]
    if n < 100:
        rest = "" if n % 10 == 0 else "-" + below(n % 10)
        return TENS[n // 10 - 2] + rest
    if n < 1000:
        rest = "" if n % 100 == 0 else " and " + below(n % 100)
        return below(n // 100) + " hundred" + rest
    names = ["thousand", "million", "billion"]
    unit, name = 1000, 0
    while n // unit >= 1000:
        unit *= 1000
        name += 1
    words = below(n // unit) + " " + names[name]
    rest = n % unit
    if rest == 0:
        return words
    return words + (" and " if rest < 100 else ", ") + below(rest)


def spell(number, capital):
    if number == -(2**31):
        raise IndexError("Math.abs of the smallest int is negative")
    words = ("minus " if number < 0 else "") + below(abs(number))
    return words[0].upper() + words[1:] if capital else words
