def addTax(price, reduced):
    price *= 1.05 if reduced else 1.2
    return price
