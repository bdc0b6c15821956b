import math


def i64(x):
    """Wrap to a Java long."""
    return (x + 2**63) % 2**64 - 2**63


def irem(a, b):
    """Java remainder: takes the sign of the dividend."""
    r = abs(a) % abs(b)
    return -r if a < 0 else r


def jround(x):
    """Math.round of a double: halves go up, NaN gives 0, the rest saturates."""
    if math.isnan(x):
        return 0
    if math.isinf(x):
        return 2**63 - 1 if x > 0 else -(2**63)
    whole = math.floor(x)
    whole += x - whole >= 0.5
    return max(-(2**63), min(2**63 - 1, whole))


def to_long(x):
    """Java (long) of a floating value: NaN gives 0, the rest saturates."""
    if math.isnan(x):
        return 0
    if abs(x) >= 2.0**63:
        return 2**63 - 1 if x > 0 else -(2**63)
    return int(x)


def chars(s):
    """The UTF-16 code units of a string, each as a string of one character."""
    data = s.encode("utf-16-le", "surrogatepass")
    return [chr(data[i] | data[i + 1] << 8) for i in range(0, len(data), 2)]


class Account:
    def __init__(self):
        self.cents = 0
        self.fees = 0
        self.rejected = 0

    def add(self, amount):
        self.cents = i64(self.cents + amount)

    def fee(self, amount):
        self.fees += amount
        self.add(-amount)

    def post(self, kind, amount):
        if kind == "w" and amount > self.cents:
            self.rejected += 1
        elif kind == "w":
            self.add(-amount)
            self.fee(25)
        elif kind == "f":
            self.fee(25)
        elif kind == "i":
            self.add(jround(self.cents * (irem(amount, 1000) / 8.0) / 100))
        elif kind == "x":
            self.cents = to_long(self.cents * (1.0 + irem(amount, 100) / 64.0))
        elif kind != "n":
            self.add(amount)


def settle(kinds, amounts):
    account = Account()
    kinds = chars(kinds)
    for i, amount in enumerate(amounts):
        account.post(kinds[i] if i < len(kinds) else "i", amount)
    return [account.cents, account.fees, account.rejected]
