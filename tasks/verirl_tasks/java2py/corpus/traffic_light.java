// method: nextAction | level: 1 | tags: plain
class Solution {
    static String nextAction(char light) {
        switch (light) {
            case 'r':
                return "stop";
            case 'y':
                return "slow down";
            case 'g':
                return "go";
            default:
                return "check the light";
        }
    }
}
