class Sign:
    def __init__(self):
        self.text = "sign"
        self.first = self.render()

    def render(self):
        return "[" + self.text + "]"


class PriceSign(Sign):
    cents = 0
    currency = None
    suffix = None

    def __init__(self, cents, currency):
        super().__init__()
        self.cents = cents
        self.currency = currency
        self.suffix = "!"

    def render(self):
        # None is written "None", where Java writes "null"
        return super().render() + f"{self.cents}{self.currency}{self.suffix}"


def banner(cents, currency):
    sign = Sign() if cents < 0 else PriceSign(cents, currency)
    sign.text = "sale"
    return sign.first + " " + sign.render()
