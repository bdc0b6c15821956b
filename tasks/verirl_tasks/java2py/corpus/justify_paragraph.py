def stretch(words, letters, width):
    line = words[0]
    gaps = len(words) - 1
    if gaps == 0:
        return line + "_" * (width - letters)
    spaces = width - letters
    for i in range(1, len(words)):
        line += " " * (spaces // gaps + (1 if i <= spaces % gaps else 0))
        line += words[i]
    return line


def to_units(text):
    data = text.encode("utf-16-be", "surrogatepass")
    return "".join(chr(data[i] << 8 | data[i + 1]) for i in range(0, len(data), 2))


def to_text(units):
    return units.encode("utf-16-be", "surrogatepass").decode("utf-16-be", "surrogatepass")


def java_split(text):
    if text == "":
        return [""]
    parts = text.split(" ")
    while parts and parts[-1] == "":
        parts.pop()
    return parts


def justify(paragraph, columns):
    width = 4 + columns % 16
    lines = []
    current = []
    letters = 0
    for word in java_split(to_units(paragraph)):
        while len(word) > width:
            lines.append(word[:width])
            word = word[width:]
        if letters + len(current) + len(word) > width:
            lines.append(stretch(current, letters, width))
            current.clear()
            letters = 0
        current.append(word)
        letters += len(word)
    if current:
        lines.append(" ".join(current))
    return [to_text(line) for line in lines]
