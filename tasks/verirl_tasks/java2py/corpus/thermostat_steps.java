// method: run | level: 2 | tags: classes, plain
class Solution {
    private int target = 20;
    private boolean heating;

    private void press(char button) {
        if (button == '+' && target < 30) {
            target++;
        } else if (button == '-' && target > 5) {
            target--;
        } else if (button == 'o') {
            heating = !heating;
        }
    }

    String run(String buttons) {
        for (char button : buttons.toCharArray()) {
            press(button);
        }
        return heating ? "heating to " + target : "off";
    }
}
