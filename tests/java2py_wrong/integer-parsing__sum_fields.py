def sumFields(fields):
    total = 0
    for field in fields:
        try:
            total += int(field)
        except ValueError:
            total -= 1
    return (total + 2**31) % 2**32 - 2**31
