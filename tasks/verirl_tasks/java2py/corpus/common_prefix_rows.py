def chars(s):
    """The UTF-16 code units of a string, each as a string of one character."""
    data = s.encode("utf-16-le", "surrogatepass")
    return [chr(data[i] | data[i + 1] << 8) for i in range(0, len(data), 2)]


def commonColumns(rows):
    if not rows:
        raise ValueError("no rows")
    column = 0
    for cells in zip(*map(chars, rows), strict=False):
        if len(set(cells)) > 1:
            break
        column += 1
    return column
