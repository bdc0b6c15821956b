// method: settle | level: 4 | tags: classes, exceptions, division, overflow
import java.util.ArrayList;
import java.util.List;

class Solution {
    static abstract class Account {
        protected long cents;
        private int bookings;

        void book(long amount) {
            if (!allows(amount)) {
                throw new IllegalStateException(name() + " refuses " + amount);
            }
            cents += amount;
            bookings++;
        }

        abstract boolean allows(long amount);

        abstract String name();

        void close() {
            cents -= fee();
        }

        long fee() {
            return bookings;
        }
    }

    static class Savings extends Account {
        boolean allows(long amount) {
            return cents + amount >= 0;
        }

        String name() {
            return "savings";
        }

        @Override
        void close() {
            cents += cents * 3 / 100;
            super.close();
        }
    }

    static class Checking extends Account {
        private final int limit;

        Checking(int limit) {
            this.limit = limit;
        }

        boolean allows(long amount) {
            return cents + amount >= -limit;
        }

        String name() {
            return "checking";
        }

        @Override
        long fee() {
            return super.fee() * 2 + (cents < 0 ? -cents / 10 : 0);
        }
    }

    static List<String> settle(long[] amounts, int limit) {
        Account[] accounts = {new Savings(), new Checking(limit)};
        List<String> log = new ArrayList<>();
        for (int i = 0; i < amounts.length; i++) {
            Account account = accounts[i % 2];
            try {
                account.book(amounts[i]);
            } catch (IllegalStateException e) {
                log.add(i + ": " + e.getMessage());
            } finally {
                if (amounts[i] == 0) {
                    account.close();
                }
            }
        }
        for (Account account : accounts) {
            account.close();
            log.add(account.name() + " " + account.cents);
        }
        return log;
    }
}
