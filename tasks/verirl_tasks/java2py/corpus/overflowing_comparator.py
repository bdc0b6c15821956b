def ascending(a, b):
    return (a - b + 2**31) % 2**32 - 2**31


def sortBids(bids):
    for i in range(1, min(len(bids), 200)):
        bid = bids[i]
        slot = i
        while slot > 0 and ascending(bids[slot - 1], bid) > 0:
            bids[slot] = bids[slot - 1]
            slot -= 1
        bids[slot] = bid
