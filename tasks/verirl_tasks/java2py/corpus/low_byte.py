def i8(x):
    """Wrap to a Java byte."""
    return (x + 128) % 256 - 128


def lowByte(word):
    return i8(word)
