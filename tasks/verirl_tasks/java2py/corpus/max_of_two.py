def maxOfTwo(a, b):
    return max(a, b)
