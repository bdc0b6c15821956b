def isOdd(ticket):
    return "odd" if ticket % 2 == 1 else "even"
