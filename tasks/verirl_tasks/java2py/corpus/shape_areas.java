// method: totalArea | level: 2 | tags: classes
class Solution {
    interface Shape {
        long area();

        default String label() {
            return "shape";
        }
    }

    record Square(int side) implements Shape {
        public long area() {
            return (long) side * side;
        }
    }

    record Strip(int width, int height) implements Shape {
        public long area() {
            return (long) width * height;
        }

        @Override
        public String label() {
            return "strip " + width + "x" + height;
        }
    }

    static String totalArea(int side, int width, int height) {
        Shape[] shapes = {new Square(side), new Strip(width, height)};
        String text = "";
        for (Shape shape : shapes) {
            text += shape.label() + ": " + shape.area() + "; ";
        }
        return text.strip();
    }
}
