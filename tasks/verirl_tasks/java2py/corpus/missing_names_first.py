def arrange(names, descending):
    present = [name for name in names if name is not None and name != "null"]
    missing = len(names) - len(present)
    present.sort(key=lambda name: name.encode("utf-16-be", "surrogatepass"), reverse=descending)
    nothing = [None] * missing
    copy = present + nothing if descending else nothing + present
    copy.append("missing: " + str(missing))
    return copy
