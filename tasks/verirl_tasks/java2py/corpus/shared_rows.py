def seatPlan(rows, taken):
    count = abs(rows) % 7
    plan = [[0] * 4] * count
    for seat in taken:
        row = seat % 7
        if row < count:
            plan[row][seat % 4] += 1
    return plan
