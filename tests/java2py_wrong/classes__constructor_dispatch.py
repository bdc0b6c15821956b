class Sign:
    def __init__(self):
        self.text = "sign"
        self.first = self.render()

    def render(self):
        return "[" + self.text + "]"


class PriceSign(Sign):
    def __init__(self, cents, currency):
        # the fields are set before the constructor of Sign calls render
        self.cents = cents
        self.currency = currency
        self.suffix = "!"
        super().__init__()

    def render(self):
        currency = "null" if self.currency is None else self.currency
        return super().render() + str(self.cents) + currency + self.suffix


def banner(cents, currency):
    sign = Sign() if cents < 0 else PriceSign(cents, currency)
    sign.text = "sale"
    return sign.first + " " + sign.render()
