def shown(text):
    return "null" if text is None else text


class Sign:
    def __init__(self):
        self.text = "sign"
        self.first = self.render()

    def render(self):
        return "[" + self.text + "]"


class PriceSign(Sign):
    # What the fields hold while the constructor of Sign runs.
    cents = 0
    currency = None
    suffix = None

    def __init__(self, cents, currency):
        super().__init__()
        self.suffix = "!"
        self.cents = cents
        self.currency = currency

    def render(self):
        return super().render() + str(self.cents) + shown(self.currency) + shown(self.suffix)


def banner(cents, currency):
    sign = Sign() if cents < 0 else PriceSign(cents, currency)
    sign.text = "sale"
    return sign.first + " " + sign.render()
