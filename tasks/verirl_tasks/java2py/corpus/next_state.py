def chars(s):
    """The UTF-16 code units of a string, each as a string of one character."""
    data = s.encode("utf-16-le", "surrogatepass")
    return [chr(data[i] | data[i + 1] << 8) for i in range(0, len(data), 2)]


def run(program):
    acc = 0
    for i, c in enumerate(chars(program)[:200]):
        if c == "u":
            acc += 11
        elif c == "i":
            acc += 1
        elif c == "x":
            return i
        elif c == "y":
            return acc + i
        elif c != " ":
            acc -= 1
    return acc
