def dropHeader(table, headerRows):
    if headerRows < 0:
        raise ValueError("headerRows")
    del table[:headerRows]
    return len(table)
