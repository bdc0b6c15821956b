def dropTwo(queue, key):
    left = list(queue)
    # remove(int) is by index, not by value, and one value only goes
    return [value for value in left if value != key]
