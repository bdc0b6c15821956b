def between(text):
    start = text.find("[")
    end = text.rfind("]")
    if start < 0:
        return text
    if end < start + 1:
        raise IndexError("the brackets are not in order")
    return text[start + 1 : end]
