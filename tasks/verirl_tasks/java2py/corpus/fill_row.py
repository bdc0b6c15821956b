def fillRow(row, value):
    for i in range(len(row)):
        row[i] = value
