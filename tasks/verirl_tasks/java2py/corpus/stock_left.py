def stockLeft(stock):
    left = 0
    for amount in stock.values():
        if amount > 0:
            left = left + amount
    return left
