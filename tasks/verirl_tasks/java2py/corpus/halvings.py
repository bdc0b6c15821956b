def halvings(n):
    if n <= 1:
        return 0
    return 1 + halvings(n // 2)
