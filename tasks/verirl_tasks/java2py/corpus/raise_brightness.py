def i8(x):
    """Wrap to a Java byte."""
    return (x + 128) % 256 - 128


def raiseBrightness(level, boost):
    return max(i8(level + boost), 0)
