// Texts of a hundred bytes that follow from a key and a version, and which keys are changed and
// asked for. `bench/suite/texts.ts` has the same formulas.
import java.nio.charset.StandardCharsets;

final class Texts {
  static final int TURNS = 4;
  static final int LENGTH = 100;
  private static final int COUNT = 1 << 20;
  private static final byte[] LETTERS = new byte[COUNT];

  static {
    for (int at = 0; at < COUNT; at++) LETTERS[at] = (byte) (48 + (Outcome.mix(at) & 63));
  }

  static int keyOf(long index, int keys) {
    return (int) (index * 7_368_787 % keys);
  }

  static String textOf(int key, int version) {
    int from = (int) ((key * 7_919L + version * 104_729L) % (COUNT - LENGTH));
    return new String(LETTERS, from, LENGTH, StandardCharsets.ISO_8859_1);
  }

  static int changedPerTurn(int keys) {
    return (keys + 199) / 200;
  }

  static int changedKey(int turn, long number, int keys) {
    long perTurn = changedPerTurn(keys);
    return keyOf((turn * perTurn + number % perTurn) % keys, keys);
  }

  static int questionsOf(int keys) {
    return (keys + 99) / 100;
  }

  static int askedKey(long number, int keys) {
    long changed = (long) TURNS * changedPerTurn(keys);
    return keyOf(number % 2 == 0 ? number * 2 % changed : number * 101 % keys, keys);
  }
}
