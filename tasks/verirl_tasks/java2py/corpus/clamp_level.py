def clampLevel(level):
    return max(0, min(100, level))
