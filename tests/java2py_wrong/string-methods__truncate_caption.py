def caption(text, limit):
    data = text.encode("utf-16-be", "surrogatepass")
    if len(data) // 2 <= limit:
        return text
    # a negative end counts from the end here, where substring throws
    cut = limit - 3 if limit >= 3 else len(data) // 2 + limit - 3
    return data[: 2 * max(cut, 0)].decode("utf-16-be", "surrogatepass") + "..."
