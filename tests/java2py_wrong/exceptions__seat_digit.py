def seatDigit(row, column):
    seat = (ord(row) - ord("A")) * 10 + (ord(column) - ord("0"))
    return max(seat, -1)
