def squaredLength(x, y):
    return x * x + y * y
