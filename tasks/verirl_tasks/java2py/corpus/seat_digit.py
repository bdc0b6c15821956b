def seatDigit(row, column):
    seat = (ord(row) - ord("A")) * 10 + (ord(column) - ord("0"))
    if seat < 0:
        raise ValueError("no seat " + row + column)
    return seat
