def quarterLabel(quarters):
    return f"${quarters / 4:g}"
