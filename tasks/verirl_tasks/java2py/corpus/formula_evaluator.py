class FormulaError(Exception):
    pass


def wrap(value):
    return (value + 2**31) % 2**32 - 2**31


def divide(a, b):
    quotient = abs(a) // abs(b)
    return wrap(quotient if (a < 0) == (b < 0) else -quotient)


class Parser:
    def __init__(self, text):
        data = text.encode("utf-16-be", "surrogatepass")
        self.units = [chr(data[i] << 8 | data[i + 1]) for i in range(0, len(data), 2)]
        self.at = 0
        self.depth = 0

    def peek(self):
        while self.at < len(self.units) and self.units[self.at] == " ":
            self.at += 1
        return self.units[self.at] if self.at < len(self.units) else "\0"

    def sum(self):
        value = self.product()
        while self.peek() in "+-":
            operator = self.units[self.at]
            self.at += 1
            right = self.product()
            value = wrap(value + right if operator == "+" else value - right)
        return value

    def product(self):
        value = self.atom()
        while self.peek() in "*/":
            operator = self.units[self.at]
            self.at += 1
            right = self.atom()
            value = wrap(value * right) if operator == "*" else divide(value, right)
        return value

    def atom(self):
        self.depth += 1
        if self.depth > 40:
            raise FormulaError("too deep")
        c = self.peek()
        value = 0
        if c == "-":
            self.at += 1
            value = wrap(-self.atom())
        elif c == "(":
            self.at += 1
            value = self.sum()
            if self.peek() != ")":
                raise FormulaError("missing )")
            self.at += 1
        elif "0" <= c <= "9":
            while self.at < len(self.units) and "0" <= self.units[self.at] <= "9":
                value = wrap(value * 10 + int(self.units[self.at]))
                self.at += 1
        else:
            value = ord(c)
            self.at += 1
        self.depth -= 1
        return value


def evaluate(formula):
    parser = Parser(formula)
    try:
        value = parser.sum()
        return f"= {value}" if parser.peek() == "\0" else f"{value} rest"
    except FormulaError as error:
        return f"error: {error}"
