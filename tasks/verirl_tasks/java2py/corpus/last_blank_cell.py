def lastBlankCell(cells):
    i = len(cells) - 1
    while i >= 0 and cells[i] != "":
        i -= 1
    return i
