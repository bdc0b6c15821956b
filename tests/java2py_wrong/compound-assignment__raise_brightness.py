def raiseBrightness(level, boost):
    level += boost
    return max(level, 0)
