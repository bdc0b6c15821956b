def seatGroups(free, groups):
    placed = []
    for group in groups:
        seat = "-"
        for row in range(len(free)):
            for block in range(len(free[row])):
                if free[row][block] == group:
                    free[row][block] = 0
                    seat = f"{row}:{block}"
                    break
                if free[row][block] < 0:
                    return placed
        placed.append(seat)
    return placed
