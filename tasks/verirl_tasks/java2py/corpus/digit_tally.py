def tally(numbers):
    counts = {}
    for number in numbers:
        digit = number % 10
        counts[digit] = counts.get(digit, 0) + 1
    # Small Integer keys lie in a HashMap in ascending order.
    return "{" + ", ".join(f"{digit}={counts[digit]}" for digit in sorted(counts)) + "}"
