import math


def rint(x):
    return math.copysign(round(x), x)


def snap(x, y, coarse):
    cell = 10 if coarse else 2
    return [rint(float(x) / cell) * cell, float(math.floor(y / cell + 0.5) * cell)]
