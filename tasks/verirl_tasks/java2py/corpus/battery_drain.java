// method: batteryDrain | level: 3 | tags: float-single, classes
class Solution {
    private float charge = 1.0f;
    private int cycles;

    float batteryDrain(float perHour, int hours) {
        float load = Math.abs(perHour) % 1f;
        for (int h = 0; h < Math.min(hours, 500); h++) {
            charge -= load * 0.1f;
            if (charge < 0f) {
                charge += 1;
                cycles++;
            }
        }
        return cycles + charge;
    }
}
