// method: sameAccount | level: 2 | tags: boxed-equality
class Solution {
    static class Account {
        final Long number;
        final Integer branch;

        Account(long number, int branch) {
            this.number = number;
            this.branch = branch;
        }
    }

    static String sameAccount(long number, int branch, boolean renumbered) {
        Account a = new Account(number, branch);
        Account b = new Account(renumbered ? number + 1 : number, branch);
        if (a.number == b.number && a.branch == b.branch) {
            return "same";
        }
        if (a.number.equals(b.number) && a.branch.equals(b.branch)) {
            return "equal";
        }
        return a.number.equals(a.branch) ? "odd" : "different";
    }
}
