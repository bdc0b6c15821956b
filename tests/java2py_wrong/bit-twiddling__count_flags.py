def countFlags(flags):
    return f"{flags:b}".count("1")
