// method: hasAccess | level: 1 | tags: plain, collections
import java.util.Set;

class Solution {
    static boolean hasAccess(Set<String> roles, String needed) {
        if (roles.contains("admin")) {
            return true;
        }
        return roles.contains(needed) && !roles.contains("suspended");
    }
}
