def rateText(base, premium):
    rate = base * 1.5 if premium else base
    return str(rate)
