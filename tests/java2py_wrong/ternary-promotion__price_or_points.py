def priceOrPoints(points, bonus, paid):
    lines = [f"shown {0.5 if paid else bonus}"]
    if points is None:
        lines.append("none")
        return lines
    lines.append(f"int {points}" if points > 100 else f"long {bonus}")
    rank = "A" if bonus > 10 else "B"
    lines.append(f"rank {rank}{rank if paid else 1}{'x' if paid else 0}")
    return lines
