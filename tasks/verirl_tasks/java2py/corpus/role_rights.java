// method: roleRights | level: 2 | tags: fall-through
class Solution {
    static String roleRights(char role) {
        String rights = "";
        switch (role) {
            case 'a':
                rights += "delete ";
            case 'e':
                rights += "write ";
            case 'r':
                rights += "read";
                break;
            default:
                rights = "none";
        }
        return rights;
    }
}
