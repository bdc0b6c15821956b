def dropTwo(queue, key):
    left = list(queue)
    if key in left:
        left.remove(key)
    if 0 <= key < 100:
        del left[key]
    return left
