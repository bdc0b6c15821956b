def padCell(value, width):
    target = min(width, 60)
    length = len(value.encode("utf-16-le", "surrogatepass")) // 2
    missing = max(0, target - length)
    left = missing // 2
    return " " * left + value + " " * (missing - left)
