import java.io.IOException;
import org.apache.flink.api.common.eventtime.Watermark;
import org.apache.flink.api.connector.sink2.Sink;
import org.apache.flink.api.connector.sink2.SinkWriter;
import org.apache.flink.api.connector.sink2.WriterInitContext;

/** A sink that gives out what passes at once: a job that goes on from a checkpoint gives it out again. */
final class Passed implements Sink<Long> {
    private final Ends ends;

    Passed(Ends ends) {
        this.ends = ends;
    }

    @Override
    public SinkWriter<Long> createWriter(WriterInitContext context) throws IOException {
        return new Writer(ends.outlet());
    }

    private static final class Writer implements SinkWriter<Long> {
        private final Outlet outlet;
        private final long[] numbers = new long[1 << 12];
        private int filled;

        Writer(Outlet outlet) {
            this.outlet = outlet;
        }

        @Override
        public void write(Long number, Context context) throws IOException {
            if (filled == numbers.length) {
                flush(false);
            }
            numbers[filled++] = number;
        }

        /** Once it has come through every channel. */
        @Override
        public void writeWatermark(Watermark seen) throws IOException {
            flush(false);
            outlet.reached(seen.getTimestamp());
        }

        /** Also called before each checkpoint. */
        @Override
        public void flush(boolean ended) throws IOException {
            outlet.passed(numbers, filled);
            filled = 0;
        }

        @Override
        public void close() throws IOException {
            outlet.close();
        }
    }
}
