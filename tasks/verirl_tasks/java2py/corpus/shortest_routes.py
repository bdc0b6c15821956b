def i32(x):
    """Wrap to a Java int."""
    return (x + 2**31) % 2**32 - 2**31


NONE = 2**31 - 1


def relax(cost, via):
    changed = 0
    for row in cost:
        for to in range(len(cost)):
            # unreachable is the largest int, so that the sum may wrap below zero
            detour = i32(row[via] + cost[via][to])
            if detour < row[to]:
                row[to] = detour
                changed += 1
    return changed


def shortestRoutes(roads, start):
    n = len(roads)
    cost = []
    for i, road in enumerate(roads):
        row = [road[j] if j < len(road) and road[j] > 0 else NONE for j in range(n)]
        row[i] = 0
        cost.append(row)
    if sum(relax(cost, via) for via in range(n)) == 0:
        return roads
    roads[0] = cost[start % n]
    return cost
