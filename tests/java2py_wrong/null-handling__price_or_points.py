def priceOrPoints(points, bonus, paid):
    lines = [f"shown {0.5 if paid else float(bonus)}"]
    # zero points are points, and not none
    if not points:
        lines.append("none")
        return lines
    lines.append(f"long {points if points > 100 else bonus}")
    rank = "A" if bonus > 10 else "B"
    lines.append(f"rank {rank}{rank if paid else chr(1)}{'x' if paid else chr(0)}")
    return lines
