// The job whose snapshots are taken: a text for each key. All keys are loaded, then those of a turn
// are changed, over and over again, so many a second; or, if it asks, a restored one answers with
// texts. `bench/jobs/snapshots.ts` is the same one. Cluster and driver are in one process, so what
// they tell each other are static fields.
import java.util.concurrent.locks.LockSupport;
import org.apache.flink.api.common.functions.FlatMapFunction;
import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.api.common.state.ValueState;
import org.apache.flink.api.common.state.ValueStateDescriptor;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.api.connector.sink2.Sink;
import org.apache.flink.api.connector.sink2.SinkWriter;
import org.apache.flink.api.connector.sink2.WriterInitContext;
import org.apache.flink.api.java.tuple.Tuple2;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.functions.KeyedProcessFunction;
import org.apache.flink.util.Collector;

final class TextJob {
  private static final TypeInformation<Tuple2<Integer, Integer>> PAIR =
      Types.TUPLE(Types.INT, Types.INT);
  /** After loading. */
  private static final long NS_PER_RECORD = 20_000;
  private static final long PARK_NS = 200_000;
  private static final int QUESTION = -1;

  /** What the driver wants. */
  static volatile int turn;

  /** What the function has seen; of changes there is one subtask, of answers there may be more. */
  static volatile long seen;
  static volatile int seenTurn;
  private static volatile long lastNs;
  private static volatile long gapNs;
  static long firstAnswerNs;
  static long lastAnswerNs;
  static Outcome.Checksum answers;

  static void reset() {
    turn = 0;
    seen = 0;
    seenTurn = 0;
    gapNs = 0;
    lastNs = System.nanoTime();
    synchronized (TextJob.class) {
      firstAnswerNs = 0;
      answers = new Outcome.Checksum();
    }
  }

  /** The longest time without a record since this was called before. */
  static double takeGapMs() {
    double ms = Math.max(gapNs, System.nanoTime() - lastNs) / 1e6;
    gapNs = 0;
    return ms;
  }

  static void build(StreamExecutionEnvironment env, int keys, boolean asks) {
    env.fromSequence(0, Long.MAX_VALUE - 1)
        .setParallelism(1)
        .uid("records")
        .flatMap(new Records(keys, asks))
        .setParallelism(1)
        .uid("draw")
        .returns(PAIR)
        .keyBy(record -> record.f0, Types.INT)
        .process(new Held())
        .uid("texts")
        .returns(PAIR)
        .sinkTo(new Answers())
        .uid("answers");
  }

  static final class Records implements FlatMapFunction<Long, Tuple2<Integer, Integer>> {
    private final int keys;
    private final boolean asks;
    private final Tuple2<Integer, Integer> record = new Tuple2<>();
    private long sent;
    private long beganNs;

    Records(int keys, boolean asks) {
      this.keys = keys;
      this.asks = asks;
    }

    @Override
    public void flatMap(Long number, Collector<Tuple2<Integer, Integer>> out) {
      if (asks) ask(out);
      else if (number < keys) emit(Texts.keyOf(number, keys), 0, out);
      else change(out);
    }

    private void ask(Collector<Tuple2<Integer, Integer>> out) {
      if (sent == Texts.questionsOf(keys)) LockSupport.parkNanos(PARK_NS);
      else emit(Texts.askedKey(sent++, keys), QUESTION, out);
    }

    private void change(Collector<Tuple2<Integer, Integer>> out) {
      if (sent == 0) beganNs = System.nanoTime();
      long dueNs = beganNs + sent * NS_PER_RECORD;
      while (System.nanoTime() < dueNs) LockSupport.parkNanos(PARK_NS);
      int now = turn;
      emit(Texts.changedKey(now, sent++, keys), now, out);
    }

    private void emit(int key, int version, Collector<Tuple2<Integer, Integer>> out) {
      record.f0 = key;
      record.f1 = version;
      out.collect(record);
    }
  }

  static final class Held
      extends KeyedProcessFunction<Integer, Tuple2<Integer, Integer>, Tuple2<Integer, Integer>> {
    private transient ValueState<String> text;
    private transient Tuple2<Integer, Integer> answer;

    @Override
    public void open(OpenContext context) {
      text = getRuntimeContext().getState(new ValueStateDescriptor<>("text", Types.STRING));
      answer = new Tuple2<>();
    }

    @Override
    public void processElement(
        Tuple2<Integer, Integer> record, Context at, Collector<Tuple2<Integer, Integer>> out)
        throws Exception {
      if (record.f1 != QUESTION) {
        text.update(Texts.textOf(record.f0, record.f1));
        changed(record.f1);
        return;
      }
      String held = text.value();
      answer.f0 = record.f0;
      answer.f1 = held == null ? 0 : held.hashCode();
      out.collect(answer);
    }

    private static void changed(int version) {
      long now = System.nanoTime();
      if (now - lastNs > gapNs) gapNs = now - lastNs;
      lastNs = now;
      long before = version == seenTurn ? seen : 0;
      seenTurn = version;
      seen = before + 1;
    }
  }

  record Answers() implements Sink<Tuple2<Integer, Integer>> {
    @Override
    public SinkWriter<Tuple2<Integer, Integer>> createWriter(WriterInitContext context) {
      return new SinkWriter<>() {
        @Override
        public void write(Tuple2<Integer, Integer> answer, Context at) {
          synchronized (TextJob.class) {
            lastAnswerNs = System.nanoTime();
            if (firstAnswerNs == 0) firstAnswerNs = lastAnswerNs;
            answers.add(answer.f0, answer.f1);
          }
        }

        @Override
        public void flush(boolean endOfInput) {}

        @Override
        public void close() {}
      };
    }
  }
}
