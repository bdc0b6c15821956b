def digitSum(n):
    return sum(map(int, str(n))) if n >= 0 else -digitSum(-n)


def digitalRoot(n):
    total = digitSum(n)
    return total if -10 < total < 10 else digitalRoot(total)
