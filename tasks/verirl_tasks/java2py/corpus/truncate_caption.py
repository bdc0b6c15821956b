def units(text):
    data = text.encode("utf-16-be", "surrogatepass")
    return [data[i : i + 2] for i in range(0, len(data), 2)]


def caption(text, limit):
    chars = units(text)
    if len(chars) <= limit:
        return text
    if limit < 3:
        raise IndexError("no room for the dots")
    return b"".join(chars[: limit - 3]).decode("utf-16-be", "surrogatepass") + "..."
