def caesar(text, key):
    out = []
    for c in text:
        if "a" <= c <= "z":
            out.append(chr(ord("a") + (ord(c) - ord("a") + key) % 26))
        else:
            out.append(c)
    return "".join(out)
