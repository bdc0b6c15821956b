def digitSum(n):
    if n == 0:
        return 0
    # floor division never reaches zero from below
    return n % 10 + digitSum(n // 10)


def digitalRoot(n):
    total = digitSum(n)
    return total if -10 < total < 10 else digitalRoot(total)
