def rateText(base, premium):
    rate = base * 1.5 if premium else float(base)
    return str(rate)
