def to_units(text):
    data = text.encode("utf-16-be", "surrogatepass")
    return "".join(chr(data[i] << 8 | data[i + 1]) for i in range(0, len(data), 2))


def to_text(units):
    return units.encode("utf-16-be", "surrogatepass").decode("utf-16-be", "surrogatepass")


class NothingToUndo(Exception):
    pass


class Editor:
    """`text` holds one character for each UTF-16 unit."""

    def __init__(self):
        self.text = ""
        self.undo = []
        self.cursor = 0

    def remember(self):
        self.undo.append(self.text)
        if len(self.undo) > 8:
            self.undo.pop(0)

    def apply(self, command):
        kind = command[0]
        if kind == "<":
            self.cursor = max(0, self.cursor - 1)
        elif kind == ">":
            self.cursor = min(len(self.text), self.cursor + 1)
        elif kind == "-":
            self.remember()
            if self.cursor >= len(self.text):
                raise IndexError(self.cursor)
            self.text = self.text[: self.cursor] + self.text[self.cursor + 1 :]
        elif kind == "~":
            self.remember()
            head = to_units(to_text(self.text[: self.cursor]).upper())
            self.text = head + self.text[self.cursor :]
        elif kind == "u":
            if not self.undo:
                raise NothingToUndo
            self.text = self.undo.pop()
            self.cursor = min(self.cursor, len(self.text))
        else:
            self.remember()
            self.text = self.text[: self.cursor] + command + self.text[self.cursor :]
            self.cursor += len(command)


def edit(commands):
    editor = Editor()
    failures = 0
    for command in commands:
        try:
            editor.apply(to_units(command))
        except IndexError:
            failures += 1
        except NothingToUndo:
            failures += 100
    text = to_text(editor.text[: editor.cursor] + "|" + editor.text[editor.cursor :])
    return f"{failures} failed: {text}" if failures > 0 else text
