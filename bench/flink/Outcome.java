// What came of a job: when its first record was read and its last one written, and which output it
// had, as a count and a checksum that does not depend on the order. Cluster and jobs are in one
// process, so it is a static field.
import com.sun.management.OperatingSystemMXBean;
import java.io.Serializable;
import java.lang.management.ManagementFactory;
import java.util.Map;
import java.util.StringJoiner;

public final class Outcome {
  private static final OperatingSystemMXBean SYSTEM =
      (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
  private static volatile Outcome current = new Outcome();

  private long startNs;
  private long startCpuNs;
  private long endNs;
  private long endCpuNs;
  /** How many there were to be, where the job's own rate decides that; else 0. */
  long records;
  private long count;
  private int sum;
  private int xor;

  static Outcome begin() {
    current = new Outcome();
    return current;
  }

  /** The first record is there; called by each subtask that reads. */
  static void started() {
    Outcome outcome = current;
    synchronized (outcome) {
      if (outcome.startNs != 0) return;
      outcome.startCpuNs = SYSTEM.getProcessCpuTime();
      outcome.startNs = System.nanoTime();
    }
  }

  /** A subtask has written its last record. */
  static void ended(Checksum of) {
    Outcome outcome = current;
    synchronized (outcome) {
      outcome.endNs = System.nanoTime();
      outcome.endCpuNs = SYSTEM.getProcessCpuTime();
      outcome.count += of.count;
      outcome.sum += of.sum;
      outcome.xor ^= of.xor;
    }
  }

  String json() {
    return json(Map.of());
  }

  /** @param measures by name, in milliseconds; none are left out. */
  synchronized String json(Map<String, Double> measures) {
    StringJoiner told = new StringJoiner(",", ",\"measures\":{", "}").setEmptyValue("");
    measures.forEach((name, ms) -> told.add(String.format("\"%s\":%.3f", name, ms)));
    String wanted = records == 0 ? "" : "\"records\":" + records + ",";
    return String.format(
        "{%s\"ms\":%d.%03d,\"cpuMs\":%d,\"count\":%d,\"checksum\":\"%08x%08x\"%s}",
        wanted,
        (endNs - startNs) / 1_000_000,
        (endNs - startNs) / 1_000 % 1_000,
        (endCpuNs - startCpuNs) / 1_000_000,
        count,
        sum,
        xor,
        told);
  }

  /** What one subtask has written; `bench/suite/checksum.ts` computes the same. */
  static final class Checksum implements Serializable {
    private static final long serialVersionUID = 1;
    long count;
    int sum;
    int xor;

    void add(int keyHash, int value) {
      int hash = mix(keyHash + value * 0x85ebca6b);
      count++;
      sum += hash;
      xor ^= hash;
    }
  }

  /** Spreads the bits of a number over all others. */
  static int mix(int number) {
    int h = number;
    h = (h ^ (h >>> 16)) * 0x7feb352d;
    h = (h ^ (h >>> 15)) * 0x846ca68b;
    return h ^ (h >>> 16);
  }
}
