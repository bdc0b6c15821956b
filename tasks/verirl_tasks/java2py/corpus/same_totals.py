from itertools import pairwise


def sameTotals(accounts, amounts):
    totals = {}
    for account, amount in zip(accounts, amounts, strict=False):
        total = totals.get(account, 0) + amount
        totals[account] = (total + 2**31) % 2**32 - 2**31
    pairs = []
    names = sorted(totals, key=lambda name: name.encode("utf-16-be", "surrogatepass"))
    for previous, name in pairwise(names):
        # == compares the boxes: the same object for small numbers only.
        if totals[previous] == totals[name] and -128 <= totals[name] <= 127:
            pairs.append(previous + "=" + name)
    return pairs
