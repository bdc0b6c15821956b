// method: operate | level: 4 | tags: classes, exceptions, collections, remainder
import java.util.ArrayList;
import java.util.List;

class Solution {
    enum Coin {
        TWO(200), ONE(100), HALF(50), FIFTH(20), TENTH(10);

        final int cents;

        Coin(int cents) {
            this.cents = cents;
        }
    }

    enum Mode {
        IDLE {
            Mode select(Machine machine, int slot) {
                machine.say("pay first");
                return this;
            }
        },
        PAID {
            Mode select(Machine machine, int slot) {
                int price = machine.prices[slot];
                if (price > machine.credit) {
                    machine.say("needs " + (price - machine.credit));
                    return PAID;
                }
                machine.credit -= price;
                machine.say(slot + " sold");
                return machine.credit == 0 ? IDLE : PAID;
            }
        };

        abstract Mode select(Machine machine, int slot);
    }

    static class Machine {
        final int[] prices = {150, 90, 210, 60};
        int credit;
        private Mode mode = Mode.IDLE;
        private final List<String> messages = new ArrayList<>();

        void say(String message) {
            messages.add(mode + ": " + message);
        }

        void insert(Coin coin) {
            credit += coin.cents;
            mode = Mode.PAID;
        }

        void select(int slot) {
            mode = mode.select(this, slot);
        }

        void giveBack() {
            int[] change = new int[Coin.values().length];
            for (Coin coin : Coin.values()) {
                change[coin.ordinal()] = credit / coin.cents;
                credit %= coin.cents;
            }
            StringBuilder text = new StringBuilder();
            for (Coin coin : Coin.values()) {
                if (change[coin.ordinal()] > 0) {
                    text.append(change[coin.ordinal()]).append('x').append(coin).append(' ');
                }
            }
            say(text.toString());
            mode = Mode.IDLE;
        }
    }

    /** Positive numbers insert coins, others select; 7 gives the money back. */
    static List<String> operate(List<Integer> keys) {
        Machine machine = new Machine();
        for (int key : keys) {
            if (key == 7) {
                machine.giveBack();
            } else if (key > 0) {
                machine.insert(Coin.values()[key % 5]);
            } else {
                try {
                    machine.select(key % 6 + 4);
                } catch (ArrayIndexOutOfBoundsException e) {
                    machine.say("no such slot");
                }
            }
        }
        machine.giveBack();
        return machine.messages;
    }
}
