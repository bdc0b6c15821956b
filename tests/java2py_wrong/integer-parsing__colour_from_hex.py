def colourFromHex(code):
    return int(code.removeprefix("#"), 16)
