def place(free, group):
    """Where the group sits, "-" when it fits nowhere, None when a closed block was met."""
    for r, row in enumerate(free):
        for b, block in enumerate(row):
            if block == group:
                row[b] = 0
                return f"{r}:{b}"
            if block < 0:
                return None
    return "-"


def seatGroups(free, groups):
    placed = []
    for group in groups:
        seat = place(free, group)
        if seat is None:
            break
        placed.append(seat)
    return placed
