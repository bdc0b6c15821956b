// method: floatTotal | level: 2 | tags: float-single
class Solution {
    static float floatTotal(float[] weights) {
        float total = 0f;
        for (float weight : weights) {
            total += weight;
        }
        return total;
    }
}
