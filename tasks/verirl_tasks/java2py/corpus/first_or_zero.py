def firstOrZero(items):
    return items[0] if items else 0
