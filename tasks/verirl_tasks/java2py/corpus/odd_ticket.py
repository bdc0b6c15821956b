def isOdd(ticket):
    odd = ticket > 0 and ticket % 2 == 1
    return "odd" if odd else "even"
