def sortBids(bids):
    bids[:200] = sorted(bids[:200])
