def columnCount(line, tabs):
    return len(line.split("\t" if tabs else ","))
