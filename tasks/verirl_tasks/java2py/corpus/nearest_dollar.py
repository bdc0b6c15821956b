import math


def nearestDollar(quarters, up):
    dollars = quarters / 4
    whole = math.ceil(dollars) if up else round(dollars)
    # what is rounded to zero from below is -0.0
    return math.copysign(whole, dollars)
