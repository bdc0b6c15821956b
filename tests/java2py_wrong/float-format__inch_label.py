def inchLabel(eighths):
    return f"{eighths / 8.0:.2f} in"
