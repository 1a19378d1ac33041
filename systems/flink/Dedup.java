import java.time.Duration;
import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.api.common.state.StateTtlConfig;
import org.apache.flink.api.common.state.ValueState;
import org.apache.flink.api.common.state.ValueStateDescriptor;
import org.apache.flink.api.java.tuple.Tuple2;
import org.apache.flink.api.java.tuple.Tuple4;
import org.apache.flink.runtime.state.ttl.TtlTimeProvider;
import org.apache.flink.streaming.api.functions.KeyedProcessFunction;
import org.apache.flink.util.Collector;

/** Lets the first ping of a key through, and remembers the key for a while. */
abstract class Dedup extends KeyedProcessFunction<Tuple2<Long, Long>, Tuple4<Long, Long, Long, Long>, Long> {
    /** As long as Flink's own time to live: from the first, or from the last that was seen. */
    static final class ByTtl extends Dedup {
        private final Duration window;
        private final StateTtlConfig.UpdateType refreshedBy;
        /** Whether its clock is set to the time of each ping. */
        private final boolean isGiven;
        private transient ValueState<Boolean> seen;

        ByTtl(Duration window, StateTtlConfig.UpdateType refreshedBy, boolean isGiven) {
            this.window = window;
            this.refreshedBy = refreshedBy;
            this.isGiven = isGiven;
        }

        @Override
        public void open(OpenContext context) {
            ValueStateDescriptor<Boolean> descriptor = new ValueStateDescriptor<>("seen", Boolean.class);
            descriptor.enableTimeToLive(StateTtlConfig.newBuilder(window).setUpdateType(refreshedBy).build());
            seen = getRuntimeContext().getState(descriptor);
        }

        @Override
        public void processElement(Tuple4<Long, Long, Long, Long> ping, Context context, Collector<Long> out) throws Exception {
            if (isGiven) {
                TtlTimeProvider.Given.set(ping.f2);
            }
            if (seen.value() == null) {
                seen.update(true);
                out.collect(ping.f3);
            }
        }
    }

    /** Until a timer of event time, a window after the first. */
    static final class ByEventTime extends Dedup {
        private final long window;
        private transient ValueState<Long> first;

        ByEventTime(long window) {
            this.window = window;
        }

        @Override
        public void open(OpenContext context) {
            first = getRuntimeContext().getState(new ValueStateDescriptor<>("first", Long.class));
        }

        @Override
        public void processElement(Tuple4<Long, Long, Long, Long> ping, Context context, Collector<Long> out) throws Exception {
            Long since = first.value();
            // Timers follow the watermark, which may be behind.
            if (since == null || ping.f2 - since >= window) {
                first.update(ping.f2);
                context.timerService().registerEventTimeTimer(ping.f2 + window);
                out.collect(ping.f3);
            }
        }

        @Override
        public void onTimer(long time, OnTimerContext context, Collector<Long> out) throws Exception {
            Long since = first.value();
            if (since != null && since + window <= time) {
                first.clear();
            }
        }
    }
}
