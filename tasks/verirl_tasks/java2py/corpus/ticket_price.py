def ticketPrice(age, weekend):
    if age < 6:
        price = 0
    elif age < 18:
        price = 5
    elif age < 65:
        price = 12
    else:
        price = 8
    if weekend and price > 0:
        price = price + 2
    return price
