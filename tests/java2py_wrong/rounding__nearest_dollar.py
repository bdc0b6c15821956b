import math


def nearestDollar(quarters, up):
    dollars = quarters / 4
    # halves go up, where Math.rint takes the even neighbour
    whole = math.ceil(dollars) if up else math.floor(dollars + 0.5)
    return math.copysign(whole, dollars)
