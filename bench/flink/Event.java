// An event of Nexmark, made of a line with all its fields; the same object for each line, which
// functions take fields from. `bench/nexmark/events.ts` does the same.
final class Event {
  static final char PERSON = 'P';
  static final char AUCTION = 'A';
  static final char BID = 'B';

  char kind;
  /** Of a person or an auction. */
  long id;
  String name;
  String email;
  String creditCard;
  String city;
  String state;
  String itemName;
  String description;
  long initialBid;
  long reserve;
  long expires;
  long seller;
  long category;
  /** Of a bid. */
  long auction;
  long bidder;
  long price;
  String channel;
  String url;
  /** Of all. */
  long time;
  String extra;

  private String line;
  private int at;

  boolean isBid() {
    return kind == BID;
  }

  boolean isAuction() {
    return kind == AUCTION;
  }

  boolean isPerson() {
    return kind == PERSON;
  }

  void read(String from) {
    line = from;
    at = 2;
    kind = from.charAt(0);
    switch (kind) {
      case BID -> readBid();
      case AUCTION -> readAuction();
      case PERSON -> readPerson();
      default -> throw new IllegalArgumentException("no event: " + from);
    }
  }

  private void readBid() {
    auction = whole();
    bidder = whole();
    price = whole();
    channel = text();
    url = text();
    time = whole();
    extra = text();
  }

  private void readAuction() {
    id = whole();
    itemName = text();
    description = text();
    initialBid = whole();
    reserve = whole();
    time = whole();
    expires = whole();
    seller = whole();
    category = whole();
    extra = text();
  }

  private void readPerson() {
    id = whole();
    name = text();
    email = text();
    creditCard = text();
    city = text();
    state = text();
    time = whole();
    extra = text();
  }

  private String text() {
    int start = at;
    int end = line.indexOf('|', start);
    if (end < 0) {
      at = line.length();
      return line.substring(start);
    }
    at = end + 1;
    return line.substring(start, end);
  }

  private long whole() {
    long value = 0;
    int length = line.length();
    for (; at < length; at++) {
      char digit = line.charAt(at);
      if (digit == '|') break;
      value = value * 10 + (digit - '0');
    }
    at++;
    return value;
  }
}
