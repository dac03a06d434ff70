// The queries of Nexmark as DataStream jobs, each of which sends on no more fields than it needs:
// tuples of them are the fastest records that need no serializer of one's own. The DataStream API
// and not SQL, for it reuses objects and gives one result per record like the other contender.
// `bench/nexmark` has the same queries, and says what each asks for.
import java.io.Serializable;
import java.time.Duration;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.common.functions.FlatMapFunction;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.api.java.tuple.Tuple2;
import org.apache.flink.api.java.tuple.Tuple5;
import org.apache.flink.api.java.tuple.Tuple7;
import org.apache.flink.connector.file.src.FileSource;
import org.apache.flink.connector.file.src.reader.TextLineInputFormat;
import org.apache.flink.core.fs.Path;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.datastream.SingleOutputStreamOperator;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.util.Collector;

final class Nexmark {
  static final long DAY_MS = 24L * 60 * 60 * 1000;
  static final long CATEGORY = 10;
  private static final long EURO_THOUSANDTHS = 908;

  static void build(StreamExecutionEnvironment env, String query, String file) {
    DataStream<String> lines =
        env.fromSource(
            FileSource.forRecordStreamFormat(new TextLineInputFormat(), new Path(file)).build(),
            WatermarkStrategy.noWatermarks(),
            "lines");
    switch (query) {
      case "q0" -> offers(lines, 1);
      case "q1" -> offers(lines, EURO_THOUSANDTHS);
      case "q2" -> selection(lines);
      case "q14" -> calculation(lines);
      case "q3" -> NexmarkAuctions.localItems(lines);
      case "q4" -> NexmarkAuctions.meanOfCategories(lines);
      case "q9" -> NexmarkBids.winning(lines);
      case "q20" -> NexmarkBids.expanded(lines);
      case "q5" -> NexmarkWindows.hotItems(lines);
      case "q7" -> NexmarkWindows.highestBids(lines);
      case "q8" -> NexmarkAuctions.newUsers(lines);
      case "q11" -> NexmarkWindows.sessions(lines);
      case "q12" -> NexmarkWindows.periods(lines);
      case "q15" -> NexmarkStatistics.ofDays(lines);
      case "q16" -> NexmarkStatistics.ofChannels(lines);
      case "q17" -> NexmarkStatistics.ofAuctions(lines);
      case "q18" -> NexmarkRanks.last(lines);
      case "q19" -> NexmarkRanks.highest(lines);
      default -> throw new IllegalArgumentException("no query " + query);
    }
  }

  private static void offers(DataStream<String> lines, long factor) {
    Tuple5<Long, Long, Long, Long, String> row = new Tuple5<>();
    read(
            lines,
            event -> {
              if (!event.isBid()) return null;
              row.f0 = event.auction;
              row.f1 = event.bidder;
              row.f2 = event.price * factor;
              row.f3 = event.time;
              row.f4 = event.extra;
              return row;
            },
            Types.TUPLE(Types.LONG, Types.LONG, Types.LONG, Types.LONG, Types.STRING))
        .sinkTo(checked(out -> and(and(numbers(out.f0, out.f1, out.f2), out.f3), out.f4)));
  }

  private static void selection(DataStream<String> lines) {
    Tuple2<Long, Long> row = new Tuple2<>();
    read(
            lines,
            event -> {
              if (!event.isBid() || event.auction % 123 != 0) return null;
              row.f0 = event.auction;
              row.f1 = event.price;
              return row;
            },
            Types.TUPLE(Types.LONG, Types.LONG))
        .sinkTo(checked(out -> numbers(out.f0, out.f1)));
  }

  private static void calculation(DataStream<String> lines) {
    Tuple7<Long, Long, Long, String, Long, String, Integer> row = new Tuple7<>();
    read(
            lines,
            event -> {
              if (!event.isBid()) return null;
              long euros = event.price * EURO_THOUSANDTHS;
              if (euros <= 1_000_000_000L || euros >= 50_000_000_000L) return null;
              row.f0 = event.auction;
              row.f1 = event.bidder;
              row.f2 = euros;
              row.f3 = partOfDay(event.time);
              row.f4 = event.time;
              row.f5 = event.extra;
              row.f6 = lettersIn(event.extra);
              return row;
            },
            Types.TUPLE(
                Types.LONG,
                Types.LONG,
                Types.LONG,
                Types.STRING,
                Types.LONG,
                Types.STRING,
                Types.INT))
        .sinkTo(
            checked(
                out -> {
                  int hash = and(and(numbers(out.f0, out.f1, out.f2), out.f3), out.f4);
                  return and(and(hash, out.f5), out.f6);
                }));
  }

  private static String partOfDay(long time) {
    long hour = time / 3_600_000 % 24;
    if (hour >= 8 && hour <= 18) return "dayTime";
    return hour <= 6 || hour >= 20 ? "nightTime" : "otherTime";
  }

  private static int lettersIn(String text) {
    int count = 0;
    for (int at = 0; at < text.length(); at++) if (text.charAt(at) == 'c') count++;
    return count;
  }

  /** Takes what a query needs of an event; null: nothing. It may give the same object each time. */
  interface Part<T> extends Serializable {
    T of(Event event);
  }

  static <T> SingleOutputStreamOperator<T> read(
      DataStream<String> lines, Part<T> part, TypeInformation<T> type) {
    return lines.flatMap(new Read<>(part)).returns(type);
  }

  interface Time<T> extends Serializable {
    long of(T record);
  }

  static <T> SingleOutputStreamOperator<T> timed(DataStream<T> records, Time<T> time) {
    return records.assignTimestampsAndWatermarks(
        WatermarkStrategy.<T>forBoundedOutOfOrderness(Duration.ofSeconds(4))
            .withTimestampAssigner((record, before) -> time.of(record)));
  }

  private static final class Read<T> implements FlatMapFunction<String, T> {
    private final Part<T> part;
    private transient Event event;

    Read(Part<T> part) {
      this.part = part;
    }

    @Override
    public void flatMap(String line, Collector<T> out) {
      if (event == null) {
        event = new Event();
        Outcome.started();
      }
      event.read(line);
      T record = part.of(event);
      if (record != null) out.collect(record);
    }
  }

  static <T> Jobs.Checked<T> checked(Jobs.Hash<T> hash) {
    return new Jobs.Checked<>(hash, out -> 0);
  }

  /** The hash of a row with one more field, as in `bench/nexmark/query.ts`. */
  static int and(int hash, long field) {
    return 31 * hash + (int) field;
  }

  static int and(int hash, String field) {
    return 31 * hash + endsHash(field);
  }

  /** So many characters at each end of a longer text count. */
  private static final int END_CHARS = 8;

  private static int endsHash(String text) {
    int length = text.length();
    if (length <= 2 * END_CHARS) return text.hashCode();
    int hash = length;
    for (int at = 0; at < END_CHARS; at++) hash = 31 * hash + text.charAt(at);
    for (int at = length - END_CHARS; at < length; at++) hash = 31 * hash + text.charAt(at);
    return hash;
  }

  static int numbers(long... fields) {
    int hash = 0;
    for (long field : fields) hash = and(hash, field);
    return hash;
  }
}
