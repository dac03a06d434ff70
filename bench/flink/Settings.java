// The settings of all jobs, the fairest ones that are known.
import java.util.Map;
import org.apache.flink.configuration.Configuration;

final class Settings {
  static Configuration of(Map<String, String> request) {
    Configuration conf = new Configuration();
    conf.setString("rest.port", "0");
    conf.setString("rest.bind-port", "0");
    conf.setString("pipeline.object-reuse", "true");
    conf.setString("pipeline.generic-types", "false");
    conf.setString("restart-strategy.type", "none");
    String managed = request.containsKey("memoryMb") ? request.get("memoryMb") + "m" : "1g";
    conf.setString("taskmanager.memory.managed.size", managed);
    conf.setString("io.tmp.dirs", request.get("folder"));
    conf.setString("state.backend.type", request.get("backend"));
    String seconds = request.get("checkpointSeconds");
    if (!seconds.equals("0")) {
      conf.setString("execution.checkpointing.interval", seconds + " s");
      checkpoints(conf, request.get("folder"));
    }
    return conf;
  }

  /** Of jobs whose checkpoints are asked for one by one, and are kept when they are cancelled. */
  static Configuration withKeptCheckpoints(Map<String, String> request, String folder) {
    Configuration conf = of(request);
    conf.setString("execution.checkpointing.interval", "24 h");
    conf.setString(
        "execution.checkpointing.externalized-checkpoint-retention", "RETAIN_ON_CANCELLATION");
    checkpoints(conf, folder);
    return conf;
  }

  private static void checkpoints(Configuration conf, String folder) {
    conf.setString("execution.checkpointing.dir", "file://" + folder);
    conf.setString("execution.checkpointing.incremental", "true");
    // A heap is restored from an uncompressed file by one system call per byte.
    conf.setString("execution.checkpointing.snapshot-compression", "true");
  }
}
