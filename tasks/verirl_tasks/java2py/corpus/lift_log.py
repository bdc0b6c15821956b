import re


def i32(x):
    """Wrap to a Java int."""
    return (x + 2**31) % 2**32 - 2**31


def java_abs(x):
    """Math.abs of an int: the smallest int has no positive counterpart."""
    return x if x == -(2**31) else abs(x)


def parse_int(s):
    """Integer.parseInt: no blanks, no underscores, no more than 32 bits."""
    if not re.fullmatch(r"[+-]?\d+", s) or max(s) > "\uffff":
        raise ValueError(s)
    value = int(s)
    if value != i32(value):
        raise ValueError(s)
    return value


def chars(s):
    """The UTF-16 code units of a string, each as a string of one character."""
    data = s.encode("utf-16-le", "surrogatepass")
    return [chr(data[i] | data[i + 1] << 8) for i in range(0, len(data), 2)]


class Lift:
    def __init__(self):
        self.floor = 0
        self.travelled = 0
        self.reserved = None

    def go_to(self, target):
        self.travelled = i32(self.travelled + java_abs(i32(target - self.floor)))
        self.floor = target

    def release(self):
        if self.reserved is not None:
            self.go_to(self.reserved)
        self.reserved = None


def parse(word):
    if word == "":
        return None
    try:
        return parse_int(word)
    except ValueError:
        return len(chars(word))


def replay(log, home):
    lift = Lift()
    if home is not None:
        lift.go_to(home)
    words = log.split(" ")
    if len(words) > 1:
        # String.split drops the empty words at the end
        while words and words[-1] == "":
            words.pop()
    stops = []
    for word in words:
        target = parse(word)
        if target is None:
            lift.release()
            stops.append(-1)
        elif target > 0 and target % 2 == 1:
            lift.reserved = target
        else:
            lift.go_to(target)
            stops.append(lift.floor)
    stops.append(lift.travelled)
    if lift.reserved is not None and lift.reserved < len(words):
        raise RuntimeError(f"reserved {lift.reserved}")
    return stops
