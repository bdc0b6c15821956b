def lastBlankCell(cells):
    return cells.index("") if "" in cells else -1
