def csvRow(counts):
    row = ""
    total = 0.0
    for count in counts:
        total += count
        row += str(count / 8.0) + ";"
    # the builder writes true and false, str() writes True and False
    return row + f"{total};{total > 0};{1 if total == 0 else 1 / total > 1e-3}"
