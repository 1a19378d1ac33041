import java.io.IOException;
import java.util.Arrays;
import org.apache.flink.api.common.eventtime.Watermark;
import org.apache.flink.api.connector.sink2.Sink;
import org.apache.flink.api.connector.sink2.SinkWriter;
import org.apache.flink.api.connector.sink2.WriterInitContext;

/** What comes out of the job, as the harness is told: pings by number, and a marker once its watermark has come through every channel. */
public final class Passed implements Sink<Long> {
    static DedupFlow harness;
    /** The marker that is under way, and its watermark. */
    static volatile long marker;
    static volatile long watermark = Long.MAX_VALUE;
    /** How many pings have passed. */
    static volatile long count;

    @Override
    public SinkWriter<Long> createWriter(WriterInitContext context) {
        return new Writer();
    }

    private static final class Writer implements SinkWriter<Long> {
        private long[] numbers = new long[1 << 12];
        private int filled;

        @Override
        public void write(Long number, Context context) throws IOException {
            if (filled == numbers.length) {
                flush(false);
            }
            numbers[filled++] = number;
        }

        @Override
        public void writeWatermark(Watermark seen) throws IOException {
            if (seen.getTimestamp() == watermark) {
                flush(false);
                harness.passedMarker(marker);
            }
        }

        /** Also called before each checkpoint. */
        @Override
        public void flush(boolean ended) throws IOException {
            harness.passed(numbers, filled);
            count += filled;
            filled = 0;
        }

        @Override
        public void close() {
            Arrays.fill(numbers, 0);
        }
    }
}
