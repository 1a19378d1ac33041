import java.io.File;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Optional;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.common.state.StateTtlConfig;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.api.java.tuple.Tuple2;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.core.execution.JobClient;
import org.apache.flink.runtime.state.ttl.TtlTimeProvider;
import org.apache.flink.runtime.util.EnvironmentInformation;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;

/**
 * Flink as a deduplication system. The cluster is inside this process; pings come from the harness's pipe into the source, and
 * what passes goes from the sink into the other pipe.
 */
public final class DedupFlink {
    public static void main(String[] args) throws Exception {
        DedupFlow harness = new DedupFlow();
        Passed.harness = harness;
        JobClient job;
        Told told;
        try {
            told = new Told(args[0], harness);
            job = started(told);
        } catch (Exception why) {
            harness.refuse(why);
            return;
        }
        job.getJobExecutionResult().whenComplete((result, why) -> {
            if (why != null) {
                why.printStackTrace();
                Runtime.getRuntime().halt(3);
            }
        });
        harness.serve("Flink " + EnvironmentInformation.getVersion(), new Feed(told));
        // A job that is cancelled would keep its pings; what it has kept is in its checkpoints.
        Runtime.getRuntime().halt(0);
    }

    /** What this run is to be. */
    record Told(String how, long windowNs, double factor, String state, int parallelism, Duration checkpoint, File directory) {
        Told(String how, DedupFlow harness) {
            this(
                    how,
                    how.equals("none") ? 1 : Long.parseLong(harness.told("window")),
                    Double.parseDouble(harness.told("time_factor")),
                    harness.told("state"),
                    Integer.parseInt(harness.told("parallelism")),
                    Duration.ofNanos(Long.parseLong(harness.told("checkpoint"))),
                    new File(harness.told("state_dir")));
        }

        boolean isOnWall() {
            return how.equals("wall");
        }

        /** The time to live: on the wall, which the run is squeezed for, or in nanoseconds of the time that is given. */
        Duration timeToLive() {
            return isOnWall() ? Duration.ofNanos((long) (windowNs / factor)) : Duration.ofMillis(windowNs);
        }

        /** Now, in nanoseconds, by the clock that windows go by. */
        long now(long given) {
            return isOnWall() ? System.nanoTime() : given;
        }
    }

    private static JobClient started(Told told) throws Exception {
        Configuration configuration = new Configuration();
        // With the default of 100 ms a marker takes as long.
        configuration.setString("execution.buffer-timeout.interval", "1 ms");
        configuration.setString("state.backend.type", told.state());
        configuration.setString("restart-strategy.type", "none");
        if (!told.checkpoint().isZero()) {
            File checkpoints = new File(told.directory(), "checkpoints");
            configuration.setString("execution.checkpointing.interval", told.checkpoint().toMillis() + " ms");
            configuration.setString("execution.checkpointing.dir", checkpoints.toURI().toString());
            configuration.setString("execution.checkpointing.externalized-checkpoint-retention", "RETAIN_ON_CANCELLATION");
            newest(checkpoints).ifPresent(found -> configuration.setString("execution.state-recovery.path", found.toURI().toString()));
        }
        StreamExecutionEnvironment environment = StreamExecutionEnvironment.getExecutionEnvironment(configuration);
        environment.setParallelism(told.parallelism());
        var pings = environment
                .fromSource(new Pings(), WatermarkStrategy.noWatermarks(), "pings", Types.TUPLE(Types.LONG, Types.LONG, Types.LONG, Types.LONG))
                .setParallelism(1);
        DataStream<Long> passed = told.how().equals("none")
                ? pings.map(ping -> ping.f3).returns(Types.LONG)
                : pings.keyBy(ping -> Tuple2.of(ping.f0, ping.f1), Types.TUPLE(Types.LONG, Types.LONG)).process(dedup(told)).returns(Types.LONG);
        passed.sinkTo(new Passed()).setParallelism(1);
        return environment.executeAsync("dedup");
    }

    private static Dedup dedup(Told told) {
        return switch (told.how()) {
            case "first", "wall" -> new Dedup.ByTtl(told.timeToLive(), StateTtlConfig.UpdateType.OnCreateAndWrite);
            case "seen" -> new Dedup.ByTtl(told.timeToLive(), StateTtlConfig.UpdateType.OnReadAndWrite);
            case "event" -> new Dedup.ByEventTime(told.windowNs());
            default -> throw new IllegalArgumentException(told.how() + " is no way to deduplicate: first, seen, wall, event, none");
        };
    }

    /** The newest checkpoint that is whole. */
    private static Optional<File> newest(File checkpoints) {
        File[] jobs = checkpoints.listFiles(File::isDirectory);
        return Arrays.stream(jobs == null ? new File[0] : jobs)
                .flatMap(job -> Arrays.stream(job.listFiles((directory, name) -> name.startsWith("chk-"))))
                .filter(found -> new File(found, "_metadata").exists())
                .max(Comparator.comparingLong(File::lastModified));
    }

    /** What the harness says, for the source. */
    private static final class Feed implements DedupFlow.Flow {
        private final Told told;
        /** When markers came, by the clock that windows go by, and how many pings had passed then. */
        private final ArrayDeque<long[]> passed = new ArrayDeque<>();
        private long watermark = Long.MIN_VALUE;
        private long now;

        Feed(Told told) {
            this.told = told;
        }

        @Override
        public void put(long now, ByteBuffer pings) throws Exception {
            if (!told.isOnWall()) {
                // Everything before has come through: a marker is waited for.
                TtlTimeProvider.Given.set(now);
            }
            Pings.put(now, pings);
        }

        @Override
        public void marker(long now, long number) throws Exception {
            passed.add(new long[] {told.now(now), Passed.count});
            this.now = now;
            watermark = Math.max(watermark + 1, now);
            Passed.marker = number;
            Passed.watermark = watermark;
            Pings.mark(watermark);
        }

        /** Ids whose first ping passed within the window: Flink does not say how many keys it has. */
        @Override
        public long[] footprint() {
            long begins = told.now(now) - (long) (told.windowNs() / told.factor());
            while (passed.size() > 1 && passed.peek()[0] <= begins) {
                passed.poll();
            }
            long before = passed.isEmpty() ? 0 : passed.peek()[1];
            long ids = told.how().equals("none") ? 0 : Passed.count - before;
            return new long[] {ids, Runtime.getRuntime().totalMemory() - Runtime.getRuntime().freeMemory()};
        }
    }
}
