def isUrgent(flags):
    return (flags & 4) != 0
