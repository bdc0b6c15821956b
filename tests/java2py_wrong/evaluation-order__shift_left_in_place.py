def shiftLeft(queue):
    i = 0
    while i < len(queue) - 1:
        # the right side is read with the index before its increment
        queue[i] = queue[i]
        i += 1
    return i
