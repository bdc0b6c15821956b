class Thermostat:
    def __init__(self):
        self.target = 20
        self.heating = False

    def press(self, button):
        if button == "+" and self.target < 30:
            self.target += 1
        elif button == "-" and self.target > 5:
            self.target -= 1
        elif button == "o":
            self.heating = not self.heating


def run(buttons):
    thermostat = Thermostat()
    for button in buttons:
        thermostat.press(button)
    return f"heating to {thermostat.target}" if thermostat.heating else "off"
