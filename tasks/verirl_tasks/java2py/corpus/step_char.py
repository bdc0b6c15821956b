def stepChar(start, step):
    line = ""
    c = ord(start)
    for _ in range(5):
        line += chr(c)
        c = (c + step) % 65536
    return line
