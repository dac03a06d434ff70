// Latency at half of the job's own peak, which is measured first, by the same job: sums by account
// of records that are due so many a second, however far behind it is. `bench/jobs/paced.ts` is the
// same job, `bench/suite/latency.ts` the driver. What source and sink share is static.
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.locks.LockSupport;
import org.apache.flink.api.common.functions.FlatMapFunction;
import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.api.common.state.ValueState;
import org.apache.flink.api.common.state.ValueStateDescriptor;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.api.connector.sink2.Sink;
import org.apache.flink.api.connector.sink2.SinkWriter;
import org.apache.flink.api.connector.sink2.WriterInitContext;
import org.apache.flink.api.java.tuple.Tuple3;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.core.execution.JobClient;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.functions.KeyedProcessFunction;
import org.apache.flink.util.Collector;

final class Latency {
  private static final double PACED_MS = 25_000;
  private static final long FREE_MS = 10_000;
  private static final double WARM_UP_NS = 5e9;
  private static final long PARK_NS = 100_000;

  /** 0: as many as it takes. */
  private static volatile double perNs;
  private static volatile long beganNs;
  private static Results results;

  static String run(Map<String, String> request) throws Exception {
    perNs = 0;
    start(request, Long.MAX_VALUE - 1, FREE_MS);
    perNs = results.perNs() / 2;
    long records =
        Math.min(Long.parseLong(request.get("records")), Math.round(perNs * PACED_MS * 1e6));
    Outcome outcome = Outcome.begin();
    outcome.records = records;
    Outcome.started();
    start(request, records, 0);
    Map<String, Double> measures = new LinkedHashMap<>();
    measures.put("p50", results.latencies.quantile(0.5) / 1000);
    measures.put("p99", results.latencies.quantile(0.99) / 1000);
    measures.put("p99.99", results.latencies.quantile(0.9999) / 1000);
    measures.put("max", results.maxNs / 1e6);
    measures.put("load", perNs * 1e6);
    return outcome.json(measures);
  }

  private static void start(Map<String, String> request, long records, long cancelAfterMs)
      throws Exception {
    beganNs = 0;
    results = new Results();
    Map<String, String> withCheckpoints = new HashMap<>(request);
    withCheckpoints.put("checkpointSeconds", "1");
    Configuration conf = Settings.of(withCheckpoints);
    // Else a record may wait for a tenth of a second until there are more.
    conf.setString("execution.buffer-timeout.interval", "1 ms");
    StreamExecutionEnvironment env = StreamExecutionEnvironment.createLocalEnvironment(1, conf);
    env.fromSequence(0, records - 1)
        .flatMap(new Due(Integer.parseInt(request.get("keys"))))
        .returns(Types.TUPLE(Types.INT, Types.INT, Types.LONG))
        .keyBy(record -> record.f0, Types.INT)
        .process(new Sums())
        .returns(Types.TUPLE(Types.INT, Types.DOUBLE, Types.LONG))
        .sinkTo(new Timed());
    if (cancelAfterMs == 0) {
      env.execute("latency");
      return;
    }
    JobClient client = env.executeAsync("peak");
    while (beganNs == 0 || System.nanoTime() - beganNs < cancelAfterMs * 1_000_000) {
      if (client.getJobStatus().get().isTerminalState()) break;
      Thread.sleep(10);
    }
    client.cancel().get();
    try {
      client.getJobExecutionResult().get();
    } catch (ExecutionException cancelled) {
      // It never ends by itself.
    }
  }

  static final class Due implements FlatMapFunction<Long, Tuple3<Integer, Integer, Long>> {
    private final Tuple3<Integer, Integer, Long> record = new Tuple3<>();
    private final int keys;

    Due(int keys) {
      this.keys = keys;
    }

    @Override
    public void flatMap(Long number, Collector<Tuple3<Integer, Integer, Long>> out) {
      if (number == 0) beganNs = System.nanoTime();
      if (perNs > 0) {
        long dueNs = beganNs + (long) (number / perNs);
        while (System.nanoTime() < dueNs) LockSupport.parkNanos(PARK_NS);
      }
      int index = Jobs.Drawn.draw((int) (long) number, 0, keys);
      record.f0 = Jobs.Drawn.spread(index);
      record.f1 = 1 + (index & 63);
      record.f2 = number;
      out.collect(record);
    }
  }

  static final class Sums
      extends KeyedProcessFunction<
          Integer, Tuple3<Integer, Integer, Long>, Tuple3<Integer, Double, Long>> {
    private transient ValueState<Double> sum;
    private transient Tuple3<Integer, Double, Long> result;

    @Override
    public void open(OpenContext context) {
      sum = getRuntimeContext().getState(new ValueStateDescriptor<>("sum", Types.DOUBLE));
      result = new Tuple3<>();
    }

    @Override
    public void processElement(
        Tuple3<Integer, Integer, Long> record,
        Context at,
        Collector<Tuple3<Integer, Double, Long>> out)
        throws Exception {
      Double before = sum.value();
      double now = (before == null ? 0 : before) + record.f1;
      sum.update(now);
      result.f0 = record.f0;
      result.f1 = now;
      result.f2 = record.f2;
      out.collect(result);
    }
  }

  /** What one job's sink has seen. */
  static final class Results {
    final Outcome.Checksum checksum = new Outcome.Checksum();
    final Histogram latencies = new Histogram();
    long maxNs;
    private long warmCount;
    private long warmNs;
    private long lastNs;

    void add(Tuple3<Integer, Double, Long> result) {
      checksum.add(result.f0, (int) (long) (double) result.f1);
      long sinceNs = System.nanoTime() - beganNs;
      lastNs = sinceNs;
      if (sinceNs < WARM_UP_NS) {
        warmCount = checksum.count;
        warmNs = sinceNs;
      }
      if (perNs == 0) return;
      double dueNs = result.f2 / perNs;
      if (dueNs < WARM_UP_NS) return;
      long latencyNs = (long) (sinceNs - dueNs);
      latencies.add(latencyNs / 1000);
      if (latencyNs > maxNs) maxNs = latencyNs;
    }

    double perNs() {
      return (double) (checksum.count - warmCount) / (lastNs - warmNs);
    }
  }

  record Timed() implements Sink<Tuple3<Integer, Double, Long>> {
    @Override
    public SinkWriter<Tuple3<Integer, Double, Long>> createWriter(WriterInitContext context) {
      Results all = results;
      return new SinkWriter<>() {
        @Override
        public void write(Tuple3<Integer, Double, Long> result, Context at) {
          all.add(result);
        }

        @Override
        public void flush(boolean endOfInput) {
          if (endOfInput) Outcome.ended(all.checksum);
        }

        @Override
        public void close() {}
      };
    }
  }
}
