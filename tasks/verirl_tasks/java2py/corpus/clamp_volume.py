LOUDEST = 100


def clamp(volume):
    if volume < 0:
        return 0
    if volume > LOUDEST:
        return LOUDEST
    return volume
