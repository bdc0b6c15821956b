import re

MIN, MAX = -(2**31), 2**31 - 1


class OutOfStock(Exception):
    def __init__(self, item, missing):
        super().__init__(item)
        self.item = item
        self.missing = missing


class Refused(Exception):
    pass


def wrap(value):
    return (value + 2**31) % 2**32 - 2**31


def parse_int(text):
    if not re.fullmatch(r"[+-]?\d+", text) or max(text) > "\uffff" or not MIN <= int(text) <= MAX:
        raise ValueError(text)
    return int(text)


def java_split(text):
    if text == "":
        return [""]
    parts = re.split("[:=]", text)
    while parts and parts[-1] == "":
        parts.pop()
    return parts


class Warehouse:
    def __init__(self):
        self.stock = {}

    def add(self, item, amount):
        if amount < 0 or self.stock.get(item, 0) + amount > MAX:
            raise Refused
        self.stock[item] = self.stock.get(item, 0) + amount

    def take(self, item, amount):
        left = wrap(self.stock.get(item, 0) - amount)
        if left < 0:
            raise OutOfStock(item, wrap(-left))
        if left == 0:
            self.stock.pop(item, None)
        else:
            self.stock[item] = left


def process(commands):
    warehouse = Warehouse()
    report = []
    for command in commands:
        words = java_split(command)
        try:
            if len(words) == 3:
                amount = parse_int(words[2])
                if words[0] == "take":
                    warehouse.take(words[1], amount)
                else:
                    warehouse.add(words[1], amount)
            elif len(words) == 2:
                warehouse.add(words[1], 0 if words[0] == "" else 1)
            elif len(words) == 1:
                warehouse.take(words[0], 1)
            else:
                report.append(f"? {len(words)}")
        except OutOfStock as error:
            report.append(f"{error.item} lacks {error.missing}")
        except ValueError:
            report.append("not a number: " + words[2])
        except Refused:
            report.append("refused")
    report.append("{" + ", ".join(f"{item}={amount}" for item, amount in warehouse.stock.items()) + "}")
    return report
