def irem(a, b):
    """Java remainder: takes the sign of the dividend."""
    r = abs(a) % abs(b)
    return -r if a < 0 else r


def chars(s):
    """The UTF-16 code units of a string, each as a string of one character."""
    data = s.encode("utf-16-le", "surrogatepass")
    return [chr(data[i] | data[i + 1] << 8) for i in range(0, len(data), 2)]


STEPS = [(0, 1), (1, 0), (0, -1), (-1, 0)]


class Robot:
    def __init__(self, wall):
        self.at = (0, 0)
        self.heading = 0
        self.wall = tuple(wall[:2]) if len(wall) > 1 else None

    def turn(self, quarters):
        self.heading = irem(self.heading + quarters, 4)

    def forward(self):
        dx, dy = STEPS[abs(self.heading)]
        ahead = (self.at[0] + dx, self.at[1] + dy)
        if ahead == self.wall:
            return False
        self.at = ahead
        return True


def walk(commands, wall):
    robot = Robot(wall)
    bumps = 0
    i = 0
    units = chars(commands)
    while i < len(units):
        c = units[i]
        if c in "br":
            robot.turn(2 if c == "b" else 1)
        elif c == "l":
            robot.turn(-1)
            i += 1
            continue
        elif c == "!":
            break
        elif c == "d" and not robot.forward():
            bumps += 1
        elif not robot.forward():
            bumps += 1
            if bumps > 2:
                break
        if bumps > 0 and i % 3 == 2:
            robot.turn(2)
        i += 1
    x, y = robot.at
    return f"{x},{y} {robot.heading} {bumps} @{i}"
