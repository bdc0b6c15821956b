import math

COINS = {"TWO": 200, "ONE": 100, "HALF": 50, "FIFTH": 20, "TENTH": 10}
PRICES = [150, 90, 210, 60]


class Machine:
    def __init__(self):
        self.credit = 0
        self.mode = "IDLE"
        self.messages = []

    def say(self, message):
        self.messages.append(f"{self.mode}: {message}")

    def insert(self, coin):
        self.credit += COINS[coin]
        self.mode = "PAID"

    def select(self, slot):
        if self.mode == "IDLE":
            self.say("pay first")
            return
        if not 0 <= slot < len(PRICES):
            self.say("no such slot")
            return
        price = PRICES[slot]
        if price > self.credit:
            self.say(f"needs {price - self.credit}")
            return
        self.credit -= price
        self.say(f"{slot} sold")
        if self.credit == 0:
            self.mode = "IDLE"

    def give_back(self):
        text = ""
        for coin, cents in COINS.items():
            count, self.credit = divmod(self.credit, cents)
            if count > 0:
                text += f"{count}x{coin} "
        self.say(text)
        self.mode = "IDLE"


def operate(keys):
    machine = Machine()
    coins = list(COINS)
    for key in keys:
        if key == 7:
            machine.give_back()
        elif key > 0:
            machine.insert(coins[key % 5])
        else:
            machine.select(int(math.fmod(key, 6)) + 4)
    machine.give_back()
    return machine.messages
