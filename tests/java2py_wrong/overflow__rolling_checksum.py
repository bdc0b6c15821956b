def rollingChecksum(blocks):
    total = 17
    for block in blocks:
        total = total * 31 + block
    return total
