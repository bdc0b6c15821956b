def caption(text, limit):
    if len(text) <= limit:
        return text
    if limit < 3:
        raise IndexError("no room for the dots")
    return text[: limit - 3] + "..."
