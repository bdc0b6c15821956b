// method: gridCell | level: 2 | tags: division, remainder, exceptions
class Solution {
    static int[] gridCell(long offset, int size) {
        long truncated = offset / size;
        long floored = Math.floorDiv(offset, (long) size);
        int[] cell = new int[3];
        cell[0] = (int) (truncated - floored);
        cell[1] = (int) (offset % size);
        cell[2] = (int) Math.floorMod(offset, (long) size);
        return cell;
    }
}
