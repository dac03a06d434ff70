# What DuckDB says of the same flights, as JSON on standard output. Arguments: flights.csv, and how many
# minutes after its end an hour is closed (out-of-orderness and lateness together).
#   hours: airport, hour (ms), flights, delayed, sum and worst of the delays
#   late:  flights that may have come too late: one that was due so much later had left before
import json
import sys

import duckdb

path, closed_after_minutes = sys.argv[1], int(sys.argv[2])
database = duckdb.connect()
database.execute(
    """
    CREATE TABLE departures AS
    SELECT row_number() OVER () AS line, carrier || flight AS flight, origin AS airport,
        epoch_ms(time_hour::TIMESTAMP) AS hour, hour + minute * 60000 AS due,
        dep_delay::BIGINT AS delay
    FROM (SELECT carrier, flight, origin, minute, dep_delay, time_hour
          FROM read_csv(?, nullstr = 'NA', types = {'time_hour': 'TIMESTAMP'}))
    WHERE dep_delay IS NOT NULL
    """,
    [path],
)
hours = database.execute(
    """
    SELECT airport, hour, count(*), count(*) FILTER (WHERE delay > 15), sum(delay)::BIGINT, max(delay)
    FROM departures GROUP BY airport, hour
    """
).fetchall()
late = database.execute(
    """
    SELECT flight, airport, due, delay FROM (
        SELECT *, max(due) OVER (ORDER BY due + delay * 60000, line
            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS newest
        FROM departures)
    WHERE newest >= hour + 3600000 + ? * 60000
    """,
    [closed_after_minutes],
).fetchall()
json.dump({"hours": hours, "late": late}, sys.stdout)
