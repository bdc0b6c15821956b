def stepChar(start, step):
    line = ""
    for _ in range(5):
        line += str(start)
        start = chr(ord(start) + step)
    return line
