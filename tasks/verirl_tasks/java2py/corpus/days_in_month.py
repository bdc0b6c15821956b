def daysInMonth(month):
    if month == 2:
        return 28
    if month in (4, 6, 9, 11):
        return 30
    return 31
