def columnCount(line, tabs):
    if line == "":
        return 1
    fields = line.split("\t" if tabs else ",")
    while fields and fields[-1] == "":
        fields.pop()
    return len(fields)
