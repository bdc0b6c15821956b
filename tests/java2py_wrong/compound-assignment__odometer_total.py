def odometerTotal(trips):
    total = 0
    for trip in trips:
        if trip > 0:
            total += trip
    return total
