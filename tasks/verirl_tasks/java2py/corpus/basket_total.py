def total(prices, shipping):
    total = shipping
    for price in prices:
        total += price
    return total
