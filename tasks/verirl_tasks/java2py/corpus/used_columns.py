def usedColumns(text, quoted):
    length = len(text.encode("utf-16-le", "surrogatepass")) // 2
    return length + 2 if quoted else length
