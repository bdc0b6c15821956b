def maskCard(number):
    data = number.encode("utf-16-be", "surrogatepass")
    units = [data[i : i + 2] for i in range(0, len(data), 2)]
    for i in range(len(units) - 4):
        if units[i] != b"\0 ":
            units[i] = b"\0*"
    return b"".join(units).decode("utf-16-be", "surrogatepass")
