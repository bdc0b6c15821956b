def extend(letters, used, prefix, out):
    if len(prefix) == len(letters):
        out.append(b"".join(prefix).decode("utf-16-be", "surrogatepass"))
        return
    for i, letter in enumerate(letters):
        if used[i] or (i > 0 and letter == letters[i - 1] and not used[i - 1]):
            continue
        used[i] = True
        prefix.append(letter)
        extend(letters, used, prefix, out)
        prefix.pop()
        used[i] = False


def arrangements(word):
    data = word.encode("utf-16-be", "surrogatepass")[:8]
    letters = sorted(data[i : i + 2] for i in range(0, len(data), 2))
    out = []
    extend(letters, [False] * len(letters), [], out)
    return out
