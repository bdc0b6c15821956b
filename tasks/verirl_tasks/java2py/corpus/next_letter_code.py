def seatCode(row, seat):
    following = chr((ord(row) + 1) & 0xFFFF)
    code = row + "-" + str(ord(row) + 1) + following
    if seat > 0:
        # A pair of surrogates stays a pair when a StringBuilder is reversed; here none can arise.
        return (code + str(seat))[::-1]
    return code[:2]
