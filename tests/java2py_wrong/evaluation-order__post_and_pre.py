def postAndPre(n):
    i = n
    total = i + (i + 1) * 2
    i += 2
    return (total - i + 2**31) % 2**32 - 2**31
