def priceOrPoints(points, bonus, paid):
    lines = [f"shown {0.5 if paid else float(bonus)}"]
    if points is None:
        lines.append("none")
        return lines
    # one branch is a Long, so that both are unboxed to long
    lines.append(f"long {points if points > 100 else bonus}")
    rank = "A" if bonus > 10 else "B"
    # a constant that fits makes the conditional a char
    lines.append(f"rank {rank}{rank if paid else chr(1)}{'x' if paid else chr(0)}")
    return lines
