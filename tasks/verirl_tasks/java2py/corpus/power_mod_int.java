// method: powerMod | level: 3 | tags: overflow, remainder, exceptions
class Solution {
    static int powerMod(int base, int exponent, int modulus) {
        if (exponent < 0) {
            throw new ArithmeticException("negative exponent");
        }
        int result = 1;
        int factor = base % modulus;
        while (exponent > 0) {
            if ((exponent & 1) == 1) {
                result = result * factor % modulus;
            }
            factor = factor * factor % modulus;
            exponent >>= 1;
        }
        return result;
    }
}
