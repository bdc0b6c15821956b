import math
import re

BLANKS = "".join(map(chr, range(33)))


class Team:
    def __init__(self, name):
        self.name = name
        self.points = self.scored = self.received = 0

    def play(self, own, other):
        self.scored += own
        self.received += other
        if own > other:
            self.points += 3
        elif own == other:
            self.points += 1

    def difference(self):
        return self.scored - self.received

    def __str__(self):
        return f"{self.name} {self.points} {self.scored}:{self.received}"


def goals(fields, index):
    if index >= len(fields):
        return 0
    text = fields[index].strip(BLANKS)
    if re.fullmatch(r"[+-]?\d+", text) and max(text) <= "\uffff" and -(2**31) <= int(text) < 2**31:
        return int(math.fmod(int(text), 100))
    return len(fields[index].encode("utf-16-le", "surrogatepass")) // 2


def table(results):
    teams = {}
    for result in results:
        fields = re.split("[,;]", result)
        while fields and fields[-1] == "":
            fields.pop()
        if len(fields) < 2:
            continue
        home, away = goals(fields, 2), goals(fields, 3)
        teams.setdefault(fields[0], Team(fields[0])).play(home, away)
        teams.setdefault(fields[1], Team(fields[1])).play(away, home)
    ranking = sorted(teams.values(), key=lambda t: (-t.points, -t.difference(), -t.scored))
    return [f"{place}. {team}" for place, team in enumerate(ranking, 1)]
