def newestFirst(log):
    copy = list(log)
    copy.reverse()
    return copy
