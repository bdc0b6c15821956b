import re


def java_split(text, separator):
    if text == "":
        return [""]
    parts = text.split(separator)
    while parts and parts[-1] == "":
        parts.pop()
    return parts


def part(parts, index):
    if index >= len(parts):
        return 0
    text = parts[index]
    if not re.fullmatch(r"[+-]?\d+", text) or max(text) > "\uffff":
        return -1
    value = int(text)
    return value if -(2**31) <= value < 2**31 else -1


def compareVersions(left, right):
    a = java_split(left, ".")
    b = java_split(right, ".")
    for i in range(max(len(a), len(b))):
        x, y = part(a, i), part(b, i)
        if x != y:
            return -(i + 1) if x < y else i + 1
    return 0 if len(a) == len(b) else 100
