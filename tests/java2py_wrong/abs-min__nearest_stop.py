def nearestStop(stops, position):
    best = stops[0]
    for stop in stops[1:]:
        if abs(stop - position) < abs(best - position):
            best = stop
    return best
