// method: displayName | level: 1 | tags: null-handling
class Solution {
    static String displayName(String nickname, String login) {
        if (nickname == null || nickname.isEmpty()) {
            return login == null ? "anonymous" : login;
        }
        return nickname;
    }
}
