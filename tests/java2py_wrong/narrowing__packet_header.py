def packetHeader(length, port, last):
    header = [length >> shift & 0xFF for shift in (24, 16, 8, 0)]
    return [*header, port >> 8 & 0xFF, (port | 0x80 if last else port & 0x7F) & 0xFF]
