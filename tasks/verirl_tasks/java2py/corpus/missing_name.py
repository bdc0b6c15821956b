def missingName(first, last):
    return first == "" or last == ""
