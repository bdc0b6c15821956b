// method: blur | level: 3 | tags: aliasing, division
class Solution {
    /** Averages each pixel with its right neighbour, in what was meant to be a copy. */
    static int[][] blur(int[][] image) {
        int[][] copy = image.clone();
        for (int row = 0; row < copy.length; row++) {
            for (int column = 0; column + 1 < copy[row].length; column++) {
                copy[row][column] = (int) (((long) image[row][column] + image[row][column + 1]) / 2);
            }
        }
        copy[copy.length - 1] = new int[] {copy.length};
        return copy;
    }
}
