def orderNumber(shop, counter):
    try:
        return int(f"{shop}{counter}")
    except ValueError:
        return -1
