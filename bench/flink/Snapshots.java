// Checkpoints of much state, a savepoint of it, and what is restored from them, on as many and on
// twice as many slots of one local cluster that runs already. `bench/suite/snapshots.ts` does the
// same, step by step.
import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.apache.flink.api.common.JobID;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.core.execution.CheckpointType;
import org.apache.flink.core.execution.RecoveryClaimMode;
import org.apache.flink.core.execution.SavepointFormatType;
import org.apache.flink.runtime.jobgraph.JobGraph;
import org.apache.flink.runtime.jobgraph.SavepointRestoreSettings;
import org.apache.flink.runtime.minicluster.MiniCluster;
import org.apache.flink.runtime.minicluster.MiniClusterConfiguration;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;

final class Snapshots {
  private static final long QUIET_MS = 1_000;

  private final int keys;
  private final int parallelism;
  private final Configuration conf;
  private final Path folder;
  private final Map<String, Double> measures = new LinkedHashMap<>();
  private MiniCluster cluster;

  Snapshots(Map<String, String> request) throws Exception {
    keys = Integer.parseInt(request.get("records"));
    parallelism = Integer.parseInt(request.get("parallelism"));
    folder = Files.createTempDirectory(Path.of(request.get("folder")), "snapshots-");
    conf = Settings.withKeptCheckpoints(request, folder + "/checkpoints");
  }

  String run() throws Exception {
    Outcome outcome = Outcome.begin();
    Outcome.started();
    // Managed memory is divided among slots: each has as much as the one of other runs.
    Configuration all = new Configuration(conf);
    all.setString("taskmanager.memory.managed.size", 2 * parallelism + "g");
    MiniClusterConfiguration settings =
        new MiniClusterConfiguration.Builder()
            .setConfiguration(all)
            .setNumTaskManagers(1)
            .setNumSlotsPerTaskManager(2 * parallelism)
            .withRandomPorts()
            .build();
    try (MiniCluster started = new MiniCluster(settings)) {
      cluster = started;
      cluster.start();
      take();
      String checkpoint = newestCheckpoint().toString();
      ask(checkpoint, parallelism, "restored");
      Outcome.ended(TextJob.answers);
      ask(checkpoint, 2 * parallelism, "rescaled");
      Outcome.ended(TextJob.answers);
    } finally {
      try (Stream<Path> paths = Files.walk(folder)) {
        paths.sorted(Comparator.reverseOrder()).map(Path::toFile).forEach(File::delete);
      }
    }
    return outcome.json(measures);
  }

  /** A job from nothing until it has taken all of its snapshots. */
  private void take() throws Exception {
    JobID job = submit(false, parallelism, SavepointRestoreSettings.none());
    passed(job, 0, keys);
    Thread.sleep(QUIET_MS);
    measures.put("quiet-gap", timed(() -> quiet())[1]);
    double[] full = timed(() -> cluster.triggerCheckpoint(job, CheckpointType.CONFIGURED).get());
    measures.put("full", full[0]);
    measures.put("full-gap", full[1]);
    double[] ms = new double[Texts.TURNS - 1];
    double[] gapMs = new double[Texts.TURNS - 1];
    for (int turn = 1; turn < Texts.TURNS; turn++) {
      TextJob.turn = turn;
      passed(job, turn, Texts.changedPerTurn(keys));
      double[] changed =
          timed(() -> cluster.triggerCheckpoint(job, CheckpointType.CONFIGURED).get());
      ms[turn - 1] = changed[0];
      gapMs[turn - 1] = changed[1];
    }
    measures.put("changed", median(ms));
    measures.put("changed-gap", median(gapMs));
    double[] savepoint =
        timed(
            () ->
                cluster
                    .triggerSavepoint(
                        job, folder + "/savepoints", false, SavepointFormatType.CANONICAL)
                    .get());
    measures.put("savepoint", savepoint[0]);
    measures.put("savepoint-gap", savepoint[1]);
    cancel(job);
  }

  /** From the start of a job that restores until its first answer, and until all have come. */
  private void ask(String checkpoint, int slots, String name) throws Exception {
    System.gc();
    long begunNs = System.nanoTime();
    JobID job =
        submit(
            true,
            slots,
            SavepointRestoreSettings.forPath(checkpoint, false, RecoveryClaimMode.NO_CLAIM));
    while (true) {
      synchronized (TextJob.class) {
        if (TextJob.answers.count == Texts.questionsOf(keys)) break;
      }
      failIfEnded(job);
      Thread.sleep(5);
    }
    measures.put(name, (TextJob.firstAnswerNs - begunNs) / 1e6);
    measures.put(name + "-all", (TextJob.lastAnswerNs - begunNs) / 1e6);
    cancel(job);
  }

  private JobID submit(boolean asks, int slots, SavepointRestoreSettings restored)
      throws Exception {
    TextJob.reset();
    StreamExecutionEnvironment env = StreamExecutionEnvironment.getExecutionEnvironment(conf);
    env.setParallelism(slots);
    TextJob.build(env, keys, asks);
    JobGraph graph = env.getStreamGraph().getJobGraph();
    graph.setSavepointRestoreSettings(restored);
    return cluster.submitJob(graph).get().getJobID();
  }

  private void passed(JobID job, int turn, long records) throws Exception {
    while (TextJob.seenTurn != turn || TextJob.seen < records) {
      failIfEnded(job);
      Thread.sleep(5);
    }
  }

  private void failIfEnded(JobID job) throws Exception {
    if (cluster.getJobStatus(job).get().isTerminalState()) {
      cluster.requestJobResult(job).get().toJobExecutionResult(getClass().getClassLoader());
      throw new IllegalStateException("the job has ended");
    }
  }

  private void cancel(JobID job) throws Exception {
    cluster.cancelJob(job).get();
    cluster.requestJobResult(job).get();
  }

  /** How long it took, and the longest time without a record meanwhile. */
  private static double[] timed(Callable<Object> action) throws Exception {
    TextJob.takeGapMs();
    long begunNs = System.nanoTime();
    action.call();
    double ms = (System.nanoTime() - begunNs) / 1e6;
    return new double[] {ms, TextJob.takeGapMs()};
  }

  private static Object quiet() throws Exception {
    Thread.sleep(QUIET_MS);
    return null;
  }

  private static double median(double[] values) {
    Arrays.sort(values);
    return values[values.length / 2];
  }

  private Path newestCheckpoint() throws Exception {
    try (Stream<Path> paths = Files.walk(folder.resolve("checkpoints"), 2)) {
      return paths
          .filter(path -> path.getFileName().toString().startsWith("chk-"))
          .filter(path -> Files.exists(path.resolve("_metadata")))
          .max(Comparator.comparingLong(Snapshots::numberOf))
          .orElseThrow();
    }
  }

  private static long numberOf(Path checkpoint) {
    return Long.parseLong(checkpoint.getFileName().toString().substring("chk-".length()));
  }
}
