def measure(message):
    data = message.encode("utf-16-le", "surrogatepass")
    units = len(data) // 2
    points = len(data.decode("utf-16-le", "surrogatepass"))
    return [units, points, (units + 139) // 140]
