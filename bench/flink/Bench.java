// Runs jobs of Apache Flink in this process, one after the other, so that they find it warm: a
// request per line of input (`name=value`, separated by tabs), an answer per line of output (JSON).
// Each job runs on a local cluster of its own, whose start is not in the time that is told; those
// that are cancelled and restored, on one together.
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;

public final class Bench {
  public static void main(String[] args) throws Exception {
    PrintStream out = System.out;
    // Whatever libraries print must not get between the answers.
    System.setOut(System.err);
    BufferedReader in =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    out.println("{\"ready\":\"" + System.getProperty("java.version") + "\"}");
    for (String line = in.readLine(); line != null; line = in.readLine()) {
      out.println(answer(line));
      out.flush();
    }
    // Threads of clusters may linger.
    System.exit(0);
  }

  private static String answer(String line) {
    try {
      return run(requestOf(line));
    } catch (Throwable error) {
      Throwable cause = error;
      while (cause.getCause() != null) cause = cause.getCause();
      String said = String.valueOf(cause).replaceAll("[^ -~]|[\"\\\\]", " ");
      return "{\"error\":\"" + said + "\"}";
    }
  }

  private static Map<String, String> requestOf(String line) {
    Map<String, String> request = new HashMap<>();
    for (String part : line.split("\t")) {
      int at = part.indexOf('=');
      request.put(part.substring(0, at), part.substring(at + 1));
    }
    return request;
  }

  private static String run(Map<String, String> request) throws Exception {
    // Garbage of the job before is not this one's.
    System.gc();
    if (request.get("work").equals("snapshots")) return new Snapshots(request).run();
    if (request.get("work").equals("latency")) return Latency.run(request);
    int parallelism = Integer.parseInt(request.get("parallelism"));
    StreamExecutionEnvironment env =
        StreamExecutionEnvironment.createLocalEnvironment(parallelism, Settings.of(request));
    Jobs.build(env, request);
    Outcome outcome = Outcome.begin();
    env.execute(request.get("work"));
    return outcome.json();
  }
}
