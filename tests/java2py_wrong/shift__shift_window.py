def shiftWindow(window, by):
    if by >= 0:
        return window >> min(by, 64)
    return (window << min(-by, 64)) + 2**63 & 2**64 - 1 - 2**63
