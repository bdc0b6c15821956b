def hasStock(stock, item):
    return item in stock and stock[item] > 0
