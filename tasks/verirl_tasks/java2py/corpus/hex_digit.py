def isHexDigit(c):
    return "0" <= c <= "9" or "a" <= c <= "f"
