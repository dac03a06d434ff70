// The jobs, as one would write them for speed: types declared, objects reused, no collections made
// per record. `bench/suite/draws.ts` draws the same records, `bench/jobs` has the same jobs.
import java.util.Map;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.common.functions.FlatMapFunction;
import org.apache.flink.api.common.functions.MapFunction;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.api.connector.sink2.Sink;
import org.apache.flink.api.connector.sink2.SinkWriter;
import org.apache.flink.api.connector.sink2.WriterInitContext;
import org.apache.flink.api.java.tuple.Tuple2;
import org.apache.flink.connector.file.src.FileSource;
import org.apache.flink.connector.file.src.reader.TextLineInputFormat;
import org.apache.flink.core.fs.Path;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.util.Collector;

final class Jobs {
  private static final TypeInformation<Tuple2<Integer, Integer>> PAIR =
      Types.TUPLE(Types.INT, Types.INT);

  static void build(StreamExecutionEnvironment env, Map<String, String> request)
      throws Exception {
    String work = request.get("work");
    if (work.equals("words")) {
      countWords(env, request.get("input"));
      return;
    }
    if (work.startsWith("q")) {
      Nexmark.build(env, work, request.get("input"));
      return;
    }
    if (work.startsWith("text-sums")) {
      TextSums.build(env, request.get("input"));
      return;
    }
    int keys = Integer.parseInt(request.get("keys"));
    DataStream<Long> numbers = env.fromSequence(0, Long.parseLong(request.get("records")) - 1);
    switch (work) {
      case "sum-number" ->
          numbers
              .map(new Payments(keys))
              .returns(PAIR)
              .keyBy(payment -> payment.f0, Types.INT)
              .process(new Functions.Sum<Integer>())
              .returns(Types.TUPLE(Types.INT, Types.DOUBLE))
              .sinkTo(new Checked<>(out -> out.f0, out -> (int) (long) (double) out.f1));
      case "sum-string" ->
          numbers
              .map(new NamedPayments(keys))
              .returns(Types.TUPLE(Types.STRING, Types.INT))
              .keyBy(payment -> payment.f0, Types.STRING)
              .process(new Functions.Sum<String>())
              .returns(Types.TUPLE(Types.STRING, Types.DOUBLE))
              .sinkTo(new Checked<>(out -> out.f0.hashCode(), out -> (int) (long) (double) out.f1));
      case "exchange" ->
          numbers
              .map(new Payments(keys))
              .returns(PAIR)
              .keyBy(payment -> payment.f0, Types.INT)
              .process(new Functions.PassOn())
              .returns(PAIR)
              .sinkTo(new Checked<>(out -> out.f0, out -> out.f1));
      case "map" ->
          numbers
              .map(new Visits(keys))
              .returns(PAIR)
              .keyBy(visit -> visit.f0, Types.INT)
              .process(new Functions.CountByPage())
              .returns(Types.TUPLE(Types.INT, Types.INT, Types.INT))
              .sinkTo(new Checked<>(out -> out.f0 * 31 + out.f1, out -> out.f2));
      case "list" ->
          numbers
              .map(new Visits(keys))
              .returns(PAIR)
              .keyBy(visit -> visit.f0, Types.INT)
              .process(new Functions.Hundreds())
              .returns(PAIR)
              .sinkTo(new Checked<>(out -> out.f0, out -> out.f1));
      default -> throw new IllegalArgumentException("no work " + work);
    }
  }

  private static void countWords(StreamExecutionEnvironment env, String folder) {
    FileSource<String> files =
        FileSource.forRecordStreamFormat(new TextLineInputFormat(), new Path(folder)).build();
    env.fromSource(files, WatermarkStrategy.noWatermarks(), "lines")
        .flatMap(new Split())
        .returns(Types.STRING)
        .keyBy(word -> word, Types.STRING)
        .process(new Functions.Count())
        .returns(Types.TUPLE(Types.STRING, Types.INT))
        .sinkTo(new Checked<>(out -> out.f0.hashCode(), out -> out.f1));
  }

  /** Faster than `line.split(" ")`. */
  static final class Split implements FlatMapFunction<String, String> {
    private boolean isRunning;

    @Override
    public void flatMap(String line, Collector<String> out) {
      if (!isRunning) {
        isRunning = true;
        Outcome.started();
      }
      int from = 0;
      for (int at = line.indexOf(' '); at >= 0; at = line.indexOf(' ', from)) {
        out.collect(line.substring(from, at));
        from = at + 1;
      }
      out.collect(line.substring(from));
    }
  }

  /** Makes a record of its number. The object is the same each time, which object reuse allows. */
  abstract static class Drawn<K, V> implements MapFunction<Long, Tuple2<K, V>> {
    private transient Tuple2<K, V> record;

    @Override
    public Tuple2<K, V> map(Long number) {
      if (record == null) {
        record = new Tuple2<>();
        Outcome.started();
      }
      draw((int) (long) number, record);
      return record;
    }

    abstract void draw(int number, Tuple2<K, V> into);

    /** One of so many, the same for the same number and salt. */
    static int draw(int number, int salt, int count) {
      long bits = Outcome.mix(number ^ salt) >>> 4;
      return (int) (bits * count >>> 28);
    }

    /** Keys lie anywhere among the 32-bit numbers. */
    static int spread(int index) {
      return index * 0x9e3779b1;
    }
  }

  static final class Payments extends Drawn<Integer, Integer> {
    private final int keys;

    Payments(int keys) {
      this.keys = keys;
    }

    @Override
    void draw(int number, Tuple2<Integer, Integer> into) {
      int index = draw(number, 0, keys);
      into.f0 = spread(index);
      into.f1 = 1 + (index & 63);
    }
  }

  static final class NamedPayments extends Drawn<String, Integer> {
    private final int keys;

    NamedPayments(int keys) {
      this.keys = keys;
    }

    @Override
    void draw(int number, Tuple2<String, Integer> into) {
      int index = draw(number, 0, keys);
      into.f0 = "account-" + index;
      into.f1 = 1 + (index & 63);
    }
  }

  static final class Visits extends Drawn<Integer, Integer> {
    private final int keys;

    Visits(int keys) {
      this.keys = keys;
    }

    @Override
    void draw(int number, Tuple2<Integer, Integer> into) {
      into.f0 = spread(draw(number, 0, keys));
      into.f1 = draw(number, 0x3c6ef372, 100);
    }
  }

  interface Hash<T> extends java.io.Serializable {
    int of(T value);
  }

  /** Takes the checksum of what it is given. */
  record Checked<T>(Hash<T> key, Hash<T> value) implements Sink<T> {
    @Override
    public SinkWriter<T> createWriter(WriterInitContext context) {
      Outcome.Checksum checksum = new Outcome.Checksum();
      return new SinkWriter<>() {
        @Override
        public void write(T element, Context at) {
          checksum.add(key.of(element), value.of(element));
        }

        @Override
        public void flush(boolean endOfInput) {
          if (endOfInput) Outcome.ended(checksum);
        }

        @Override
        public void close() {}
      };
    }
  }
}
