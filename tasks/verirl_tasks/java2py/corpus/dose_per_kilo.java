// method: dosePerKilo | level: 2 | tags: float-single
class Solution {
    static float dosePerKilo(float dose, short kilos) {
        float perKilo = kilos > 0 ? dose / kilos : 0;
        return perKilo * 0.1f;
    }
}
