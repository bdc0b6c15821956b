def shiftLeft(queue):
    i = 0
    while i < len(queue) - 1:
        queue[i] = queue[i + 1]
        i += 1
    return i
