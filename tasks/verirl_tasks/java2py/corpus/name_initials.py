def unit(text):
    return text.encode("utf-16-le", "surrogatepass")[:2]


def initials(first, last):
    if first == "" or last == "":
        raise IndexError("a name is empty")
    return (unit(first) + unit(last)).decode("utf-16-le", "surrogatepass")
