def splitBill(cents, paying):
    people = sum(paying)
    share = cents // people
    left = cents % people
    shares = [0] * len(paying)
    for i, pays in enumerate(paying):
        if pays:
            shares[i] = share + (left > 0)
            left -= 1
    return shares
