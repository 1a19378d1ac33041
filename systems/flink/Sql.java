import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.api.java.tuple.Tuple4;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.table.api.DataTypes;
import org.apache.flink.table.api.Schema;
import org.apache.flink.table.api.bridge.java.StreamTableEnvironment;

/** The same in Flink's SQL: the first row of each id, whose state has a time to live. */
final class Sql {
    private static final String FIRST_OF_EACH =
            "SELECT f3 FROM (SELECT f3, ROW_NUMBER() OVER (PARTITION BY f0, f1 ORDER BY %s) AS place FROM pings) WHERE place = 1";

    private Sql() {}

    static DataStream<Long> deduplicated(StreamExecutionEnvironment environment, DataStream<Tuple4<Long, Long, Long, Long>> pings, Told told) {
        StreamTableEnvironment tables = StreamTableEnvironment.create(environment);
        tables.getConfig().set("table.exec.state.ttl", told.timeToLive().toMillis() + " ms");
        // Without a row time that is said to have watermarks, none comes through, not even where nothing is ordered by it.
        Schema schema = Schema.newBuilder()
                .columnByMetadata("row_time", DataTypes.TIMESTAMP_LTZ(3), "rowtime")
                .columnByExpression("processing_time", "PROCTIME()")
                .watermark("row_time", "SOURCE_WATERMARK()")
                .build();
        tables.createTemporaryView("pings", pings, schema);
        String order = told.how().equals("sql-row") ? "row_time" : "processing_time";
        return tables.toDataStream(tables.sqlQuery(String.format(FIRST_OF_EACH, order)))
                .map(row -> (Long) row.getField(0))
                .returns(Types.LONG);
    }
}
