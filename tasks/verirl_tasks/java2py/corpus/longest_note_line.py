def utf16_length(text):
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def longestLine(note):
    longest = 0
    lines = note.split("\n")
    for i, line in enumerate(lines):
        width = utf16_length(line)
        if i < len(lines) - 1:
            width += 1
        longest = max(longest, width)
    return longest
