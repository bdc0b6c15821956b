import itertools


def encode(text):
    data = text.encode("utf-16-be", "surrogatepass")
    units = [data[i : i + 2] for i in range(0, len(data), 2)]
    code = b""
    for unit, group in itertools.groupby(units):
        run = len(list(group))
        code += str(run).encode("utf-16-be") + unit if run > 2 else unit * run
    return f"{len(code) // 2}:" + code.decode("utf-16-be", "surrogatepass")
