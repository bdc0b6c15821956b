def irem(a, b):
    """Java remainder: takes the sign of the dividend."""
    r = abs(a) % abs(b)
    return -r if a < 0 else r


def caesar(text, key):
    out = []
    for c in text:
        if "a" <= c <= "z":
            out.append(chr(ord("a") + irem(ord(c) - ord("a") + irem(key, 26), 26)))
        else:
            out.append(c)
    return "".join(out)
