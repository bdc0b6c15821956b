def dropBlank(lines):
    kept = []
    for line in lines:
        if line != "":
            kept.append(line)
    return kept
