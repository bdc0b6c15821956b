NONE = 2**31 - 1


def shortestRoutes(roads, start):
    n = len(roads)
    cost = []
    for i, road in enumerate(roads):
        row = [road[j] if j < len(road) and road[j] > 0 else NONE for j in range(n)]
        row[i] = 0
        cost.append(row)
    changes = 0
    for via in range(n):
        for row in cost:
            for to in range(n):
                detour = row[via] + cost[via][to]
                if detour < row[to]:
                    row[to] = detour
                    changes += 1
    if changes == 0:
        return roads
    roads[0] = cost[start % n]
    return cost
