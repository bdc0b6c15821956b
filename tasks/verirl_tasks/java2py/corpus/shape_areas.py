class Shape:
    def label(self):
        return "shape"


class Square(Shape):
    def __init__(self, side):
        self.side = side

    def area(self):
        return self.side * self.side


class Strip(Shape):
    def __init__(self, width, height):
        self.width = width
        self.height = height

    def area(self):
        return self.width * self.height

    def label(self):
        return f"strip {self.width}x{self.height}"


def totalArea(side, width, height):
    text = ""
    for shape in (Square(side), Strip(width, height)):
        text += f"{shape.label()}: {shape.area()}; "
    return text.strip()
