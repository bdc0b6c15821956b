def rowsWithoutZero(rows):
    count = 0
    for row in rows:
        for value in row:
            if value == 0:
                continue
        count += 1
    return count
