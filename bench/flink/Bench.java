// Runs jobs of Apache Flink in this process, one after the other, so that they find it warm: a
// request per line of input (`name=value`, separated by tabs), an answer per line of output (JSON).
// Each job runs on a local cluster of its own, whose start is not in the time that is told.
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import org.apache.flink.configuration.Configuration;
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
    int parallelism = Integer.parseInt(request.get("parallelism"));
    StreamExecutionEnvironment env =
        StreamExecutionEnvironment.createLocalEnvironment(parallelism, configuration(request));
    Jobs.build(env, request);
    Outcome outcome = Outcome.begin();
    env.execute(request.get("work"));
    return outcome.json();
  }

  private static Configuration configuration(Map<String, String> request) {
    Configuration conf = new Configuration();
    conf.setString("rest.port", "0");
    conf.setString("rest.bind-port", "0");
    conf.setString("pipeline.object-reuse", "true");
    conf.setString("pipeline.generic-types", "false");
    conf.setString("restart-strategy.type", "none");
    conf.setString("taskmanager.memory.managed.size", "1g");
    conf.setString("io.tmp.dirs", request.get("folder"));
    conf.setString("state.backend.type", request.get("backend"));
    String seconds = request.get("checkpointSeconds");
    if (!seconds.equals("0")) {
      conf.setString("execution.checkpointing.interval", seconds + " s");
      conf.setString("execution.checkpointing.dir", "file://" + request.get("folder"));
      conf.setString("execution.checkpointing.incremental", "true");
      // A heap is restored from an uncompressed file by one system call per byte.
      conf.setString("execution.checkpointing.snapshot-compression", "true");
    }
    return conf;
  }
}
