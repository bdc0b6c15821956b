def allInStock(counts):
    return all(count > 0 for count in counts)
