// method: settle | level: 4 | tags: rounding, remainder, fall-through, classes, compound-assignment
class Solution {
    private static class Account {
        private long cents;
        private int fees;

        void interest(double percent) {
            cents += Math.round(cents * percent / 100);
        }

        void fee(int amount) {
            fees += amount;
            cents -= amount;
        }

        void convert(double rate) {
            cents *= rate;
        }
    }

    private final Account account = new Account();
    private int rejected;

    private void post(char kind, int amount) {
        switch (kind) {
            case 'w':
                if (amount > account.cents) {
                    rejected++;
                    break;
                }
                account.cents -= amount;
            case 'f':
                account.fee(25);
                break;
            case 'i':
                account.interest(amount % 1000 / 8.0);
                break;
            case 'x':
                account.convert(1.0 + amount % 100 / 64.0);
            case 'n':
                break;
            default:
                account.cents += amount;
        }
    }

    long[] settle(String kinds, int[] amounts) {
        for (int i = 0; i < amounts.length; i++) {
            char kind = i < kinds.length() ? kinds.charAt(i) : 'i';
            post(kind, amounts[i]);
        }
        return new long[] {account.cents, account.fees, rejected};
    }
}
