def irem(a, b):
    """Java remainder: takes the sign of the dividend."""
    r = abs(a) % abs(b)
    return -r if a < 0 else r


def chars(s):
    """The UTF-16 code units of a string, each as a string of one character."""
    data = s.encode("utf-16-le", "surrogatepass")
    return [chr(data[i] | data[i + 1] << 8) for i in range(0, len(data), 2)]


def encode(text, key):
    out = []
    keys = chars(key)
    used = 0
    for c in text:
        if not "A" <= c <= "Z":
            out.append(c)
            continue
        k = keys[used % len(keys)]
        used += 1
        out.append(chr(65 + irem(ord(c) + ord(k) - 130, 26)))
    return "".join(out)
