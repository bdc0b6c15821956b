def attempts(data, start, log):
    log.append("open ")
    try:
        if not 0 <= start < len(data):
            log.append("missing ")
            return -1
        return data[start]
    finally:
        log.append("close ")


def closeAll(data, first, second):
    log = []
    equal = attempts(data, first, log) == attempts(data, second, log)
    log.append("1" if equal else "0")
    return "".join(log)
