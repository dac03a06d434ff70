// Runs the public Nexmark queries in Flink SQL over a file of events and writes their final rows; see
// ../compare-with-flink.md. Arguments: folder of the .sql files, event file, folder for the rows, and
// the queries, if not all.
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.flink.api.common.RuntimeExecutionMode;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.api.java.typeutils.RowTypeInfo;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.table.api.DataTypes;
import org.apache.flink.table.api.Schema;
import org.apache.flink.table.api.bridge.java.StreamTableEnvironment;
import org.apache.flink.types.Row;
import org.apache.flink.types.RowKind;
import org.apache.flink.util.CloseableIterator;

public class FlinkRows {
  private static final String COMPARED =
      "q0 q1 q2 q3 q4 q5 q7 q8 q9 q11 q15 q16 q17 q18 q19 q20 q22";

  public static void main(String[] args) throws Exception {
    Path sql = Path.of(args[0]);
    List<String> lines = Files.readAllLines(Path.of(args[1]));
    Path output = Files.createDirectories(Path.of(args[2]));
    List<String> names =
        args.length > 3
            ? Arrays.asList(args).subList(3, args.length)
            : Arrays.asList(COMPARED.split(" "));
    for (String name : names) {
      long begin = System.nanoTime();
      String select = selectOf(Files.readString(sql.resolve(name + ".sql")));
      if (name.equals("q5")) {
        select = select.replace("AuctionBids.num\n", "AuctionBids.num, AuctionBids.starttime\n");
      }
      List<byte[]> rows = finalRows(lines, select);
      write(output.resolve(name + ".txt"), rows);
      long millis = (System.nanoTime() - begin) / 1_000_000;
      System.out.println(name + " " + rows.size() + " rows, " + millis + " ms");
    }
  }

  /** What follows INSERT INTO, without comments at the line's end and the semicolon. */
  private static String selectOf(String text) {
    String insert = text.substring(text.indexOf("INSERT INTO"));
    String select = insert.substring(insert.indexOf("\n") + 1);
    return select.replaceAll("--[^\n]*", "").replace(";", "");
  }

  private static List<byte[]> finalRows(List<String> lines, String select) throws Exception {
    Configuration configuration = new Configuration();
    StreamExecutionEnvironment env =
        StreamExecutionEnvironment.createLocalEnvironment(1, configuration);
    env.setRuntimeMode(RuntimeExecutionMode.STREAMING);
    StreamTableEnvironment tables = StreamTableEnvironment.create(env);
    tables.getConfig().set("table.local-time-zone", "UTC");
    List<Row> rows = new ArrayList<>(lines.size());
    for (String line : lines) rows.add(eventOf(line));
    tables.createTemporaryView(
        "events", env.fromCollection(rows, EVENT), schema());
    view(tables, "person", "P", PERSON);
    view(tables, "auction", "A", AUCTION);
    view(tables, "bid", "B", BID);
    TreeMap<String, Integer> counts = new TreeMap<>();
    try (CloseableIterator<Row> changes =
        tables.toChangelogStream(tables.sqlQuery(select)).executeAndCollect()) {
      // A query whose last operator knows the key of its rows sends only what they become: then the
      // row before, of the same first field, is taken back here.
      Map<Object, String> rowOfKey = new HashMap<>();
      RowKind before = RowKind.INSERT;
      while (changes.hasNext()) {
        Row row = changes.next();
        RowKind kind = row.getKind();
        String text = textOf(row);
        boolean isGiven = kind == RowKind.INSERT || kind == RowKind.UPDATE_AFTER;
        if (kind == RowKind.UPDATE_AFTER && before != RowKind.UPDATE_BEFORE) {
          counts.merge(rowOfKey.get(row.getField(0)), -1, Integer::sum);
        }
        if (isGiven) rowOfKey.put(row.getField(0), text);
        counts.merge(text, isGiven ? 1 : -1, Integer::sum);
        before = kind;
      }
    }
    List<byte[]> result = new ArrayList<>();
    counts.forEach(
        (text, count) -> {
          if (count < 0) throw new IllegalStateException("taken back, but never given: " + text);
          for (int i = 0; i < count; i++) result.add(text.getBytes(StandardCharsets.UTF_8));
        });
    result.sort(Arrays::compareUnsigned);
    return result;
  }

  private static final String[] PERSON = {
    "id:n", "name", "emailAddress", "creditCard", "city", "state", "dateTime:t", "extra"
  };
  private static final String[] AUCTION = {
    "id:n", "itemName", "description", "initialBid:n", "reserve:n", "dateTime:t", "expires:t",
    "seller:n", "category:n", "extra"
  };
  private static final String[] BID = {
    "auction:n", "bidder:n", "price:n", "channel", "url", "dateTime:t", "extra"
  };

  /** Kind, time of the event, and its fields as text. */
  private static final TypeInformation<Row> EVENT = eventType();

  private static TypeInformation<Row> eventType() {
    TypeInformation<?>[] types = new TypeInformation<?>[12];
    String[] names = new String[12];
    for (int i = 0; i < 12; i++) {
      types[i] = i == 1 ? Types.LOCAL_DATE_TIME : Types.STRING;
      names[i] = i == 0 ? "kind" : i == 1 ? "dateTime" : "f" + (i - 2);
    }
    return new RowTypeInfo(types, names);
  }

  private static Schema schema() {
    Schema.Builder builder = Schema.newBuilder().column("kind", DataTypes.STRING());
    builder.column("dateTime", DataTypes.TIMESTAMP(3));
    for (int i = 0; i < 10; i++) builder.column("f" + i, DataTypes.STRING());
    return builder.watermark("dateTime", "`dateTime` - INTERVAL '4' SECOND").build();
  }

  private static Row eventOf(String line) {
    String[] fields = line.split("\\|", -1);
    String[] names = fields[0].equals("P") ? PERSON : fields[0].equals("A") ? AUCTION : BID;
    Row row = new Row(12);
    row.setField(0, fields[0]);
    for (int i = 0; i < names.length; i++) {
      row.setField(i + 2, fields[i + 1]);
      if (names[i].equals("dateTime:t")) row.setField(1, timeOf(fields[i + 1]));
    }
    return row;
  }

  private static LocalDateTime timeOf(String millis) {
    return LocalDateTime.ofInstant(Instant.ofEpochMilli(Long.parseLong(millis)), ZoneOffset.UTC);
  }

  private static void view(
      StreamTableEnvironment tables, String name, String kind, String[] fields) {
    List<String> columns = new ArrayList<>();
    for (int i = 0; i < fields.length; i++) {
      String[] field = fields[i].split(":");
      String column = "f" + i;
      if (field.length > 1 && field[1].equals("n")) column = "CAST(f" + i + " AS BIGINT)";
      if (field[0].equals("dateTime")) column = "`dateTime`";
      if (field[0].equals("expires")) {
        column = "CAST(TO_TIMESTAMP_LTZ(CAST(f" + i + " AS BIGINT), 3) AS TIMESTAMP(3))";
      }
      columns.add(column + " AS `" + field[0] + "`");
    }
    tables.executeSql(
        "CREATE TEMPORARY VIEW " + name + " AS SELECT " + String.join(", ", columns)
            + " FROM events WHERE kind = '" + kind + "'");
  }

  private static String textOf(Row row) {
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < row.getArity(); i++) {
      if (i > 0) text.append('|');
      Object value = row.getField(i);
      if (value == null) text.append("\\N");
      else if (value instanceof BigDecimal) text.append(((BigDecimal) value).toPlainString());
      else if (value instanceof LocalDateTime) {
        text.append(((LocalDateTime) value).toInstant(ZoneOffset.UTC).toEpochMilli());
      } else text.append(value);
    }
    return text.toString();
  }

  private static void write(Path path, List<byte[]> rows) throws Exception {
    try (var out = Files.newOutputStream(path)) {
      try (var buffered = new java.io.BufferedOutputStream(out)) {
        for (byte[] row : rows) {
          buffered.write(row);
          buffered.write('\n');
        }
      }
    }
  }
}
