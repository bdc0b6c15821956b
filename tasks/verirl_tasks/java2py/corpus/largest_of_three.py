def largest(a, b, c):
    return max(a, b, c)
