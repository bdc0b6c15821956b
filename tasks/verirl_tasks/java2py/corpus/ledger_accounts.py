def wrap64(value):
    return (value + 2**63) % 2**64 - 2**63


def wrap32(value):
    return (value + 2**31) % 2**32 - 2**31


def divide(a, b):
    return a // b if a >= 0 else -(-a // b)


class Refused(Exception):
    pass


class Account:
    def __init__(self):
        self.cents = 0
        self.bookings = 0

    def book(self, amount):
        if not self.allows(amount):
            raise Refused(f"{self.name} refuses {amount}")
        self.cents = wrap64(self.cents + amount)
        self.bookings += 1

    def close(self):
        self.cents = wrap64(self.cents - self.fee())

    def fee(self):
        return self.bookings


class Savings(Account):
    name = "savings"

    def allows(self, amount):
        return wrap64(self.cents + amount) >= 0

    def close(self):
        self.cents = wrap64(self.cents + divide(wrap64(self.cents * 3), 100))
        super().close()


class Checking(Account):
    name = "checking"

    def __init__(self, limit):
        super().__init__()
        self.limit = limit

    def allows(self, amount):
        return wrap64(self.cents + amount) >= wrap32(-self.limit)

    def fee(self):
        return wrap64(super().fee() * 2 + (divide(wrap64(-self.cents), 10) if self.cents < 0 else 0))


def settle(amounts, limit):
    accounts = [Savings(), Checking(limit)]
    log = []
    for i, amount in enumerate(amounts):
        account = accounts[i % 2]
        try:
            account.book(amount)
        except Refused as error:
            log.append(f"{i}: {error}")
        finally:
            if amount == 0:
                account.close()
    for account in accounts:
        account.close()
        log.append(f"{account.name} {account.cents}")
    return log
