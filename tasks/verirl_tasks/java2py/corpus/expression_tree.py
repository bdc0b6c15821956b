from dataclasses import dataclass


class TooLarge(Exception):
    pass


def wrap(value):
    return (value + 2**31) % 2**32 - 2**31


@dataclass
class Num:
    value: int

    def eval(self):
        return self.value

    def __str__(self):
        return f"Num[value={self.value}]"


@dataclass
class Neg:
    inner: object

    def eval(self):
        return wrap(-self.inner.eval())

    def __str__(self):
        return f"-({self.inner})"


@dataclass
class Bin:
    sign: str
    left: object
    right: object

    def eval(self):
        a, b = self.left.eval(), self.right.eval()
        if self.sign == "+":
            if a + b != wrap(a + b):
                raise TooLarge
            return a + b
        if self.sign == "*":
            return wrap(a * b)
        return (a > b) - (a < b)

    def __str__(self):
        return f"Bin[sign={self.sign}, left={self.left}, right={self.right}]"


class Reader:
    def __init__(self, codes):
        self.codes = codes
        self.next = 0

    def read(self, depth):
        if self.next >= len(self.codes) or depth > 6:
            return Num(depth)
        code = self.codes[self.next]
        self.next += 1
        if code % 5 == 0:
            return Neg(self.read(depth + 1))
        for divisor, sign in ((3, "+"), (7, "*"), (11, "?")):
            if code % divisor == 0:
                left = self.read(depth + 1)
                return Bin(sign, left, self.read(depth + 1))
        return Num(code)


def describe(codes):
    expr = Reader(codes).read(0)
    again = Reader(codes).read(0)
    text = str(expr) + " = "
    try:
        text += str(expr.eval())
    except TooLarge:
        # The Java appends " = " before it evaluates.
        text += "overflow"
    return text + (" same" if expr == again else " other")
