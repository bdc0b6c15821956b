TRIMMED = "".join(map(chr, range(33)))
START, PLAIN, QUOTED, AFTER_QUOTE = range(4)


class Reader:
    def __init__(self):
        self.state = START
        self.field = []
        self.fields = []

    def finish(self):
        value = "".join(self.field)
        self.fields.append(value.strip(TRIMMED) if self.state == PLAIN else value)
        self.field.clear()
        self.state = START

    def accept(self, c, separator):
        if self.state == QUOTED:
            if c == '"':
                self.state = AFTER_QUOTE
            else:
                self.field.append(c)
            return
        if self.state == AFTER_QUOTE:
            if c == '"':
                self.field.append('"')
                self.state = QUOTED
                return
            if c != separator:
                raise ValueError("text after a quote: " + c)
        if self.state == START and c == '"':
            self.state = QUOTED
            return
        if c == separator:
            self.finish()
        else:
            self.field.append(c)
            self.state = PLAIN


def readLine(line, semicolons):
    separator = ";" if semicolons else ","
    reader = Reader()
    for c in line:
        reader.accept(c, separator)
    if reader.state == QUOTED:
        reader.field.insert(0, "unclosed:")
    reader.finish()
    return reader.fields
