def tally(numbers):
    counts = {}
    for number in numbers:
        digit = number % 10
        counts[digit] = counts.get(digit, 0) + 1
    return "{" + ", ".join(f"{digit}={count}" for digit, count in counts.items()) + "}"
