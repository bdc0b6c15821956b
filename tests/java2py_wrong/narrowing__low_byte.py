def lowByte(word):
    return word & 0xFF
