def run(program):
    acc = 0
    data = program.encode("utf-16-be", "surrogatepass")[:400]
    for i in range(len(data) // 2):
        c = chr(data[2 * i] << 8 | data[2 * i + 1])
        if c == "u":
            acc += 10
        elif c == "i":
            acc += 1
        elif c == "x":
            acc = 0
        elif c == "y":
            return acc + i
        elif c != " ":
            acc -= 1
    return acc
