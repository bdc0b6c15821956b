def rowsWithoutZero(rows):
    return sum(0 not in row for row in rows)
