import java.io.File;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Optional;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.common.state.StateTtlConfig;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.api.java.tuple.Tuple2;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.core.execution.JobClient;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;

/** The job: pings, their deduplication, a sink. */
final class Job {
    private Job() {}

    /** How it is set, wherever it runs; a job that is started again goes on from the newest checkpoint that is whole. */
    static Configuration configured(Told told) {
        Configuration configuration = new Configuration();
        // With the default of 100 ms a marker takes as long.
        configuration.setString("execution.buffer-timeout.interval", "1 ms");
        configuration.setString("state.backend.type", told.state());
        if (!told.checkpoint().isZero()) {
            File checkpoints = new File(told.directory(), "checkpoints");
            configuration.setString("execution.checkpointing.interval", told.checkpoint().toMillis() + " ms");
            configuration.setString("execution.checkpointing.dir", checkpoints.toURI().toString());
            configuration.setString("execution.checkpointing.externalized-checkpoint-retention", "RETAIN_ON_CANCELLATION");
            newest(checkpoints).ifPresent(found -> configuration.setString("execution.state-recovery.path", found.toURI().toString()));
        }
        return configuration;
    }

    static JobClient started(StreamExecutionEnvironment environment, Told told, Ends ends) throws Exception {
        environment.setParallelism(told.parallelism());
        var pings = environment
                .fromSource(new Pings(ends), WatermarkStrategy.noWatermarks(), "pings", Types.TUPLE(Types.LONG, Types.LONG, Types.LONG, Types.LONG))
                .setParallelism(1);
        DataStream<Long> passed = switch (told.how()) {
            case "none" -> pings.map(ping -> ping.f3).returns(Types.LONG);
            case "sql-processing", "sql-row" -> Sql.deduplicated(environment, pings, told);
            default -> pings.keyBy(ping -> Tuple2.of(ping.f0, ping.f1), Types.TUPLE(Types.LONG, Types.LONG)).process(dedup(told)).returns(Types.LONG);
        };
        passed.sinkTo(told.isCommitting() ? new Committed(ends) : new Passed(ends)).setParallelism(1);
        return environment.executeAsync("dedup");
    }

    private static Dedup dedup(Told told) {
        boolean isGiven = !told.isOnWall();
        return switch (told.how()) {
            case "first", "wall" -> new Dedup.ByTtl(told.timeToLive(), StateTtlConfig.UpdateType.OnCreateAndWrite, isGiven);
            case "seen" -> new Dedup.ByTtl(told.timeToLive(), StateTtlConfig.UpdateType.OnReadAndWrite, isGiven);
            case "event" -> new Dedup.ByEventTime(told.windowNs());
            default -> throw new IllegalArgumentException(
                    told.how() + " is no way to deduplicate: first, seen, wall, event, sql-processing, sql-row, none");
        };
    }

    private static Optional<File> newest(File checkpoints) {
        File[] jobs = checkpoints.listFiles(File::isDirectory);
        return Arrays.stream(jobs == null ? new File[0] : jobs)
                .flatMap(job -> Arrays.stream(job.listFiles((directory, name) -> name.startsWith("chk-"))))
                .filter(found -> new File(found, "_metadata").exists())
                .max(Comparator.comparingLong(File::lastModified));
    }
}
