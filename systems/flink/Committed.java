import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import org.apache.flink.api.common.eventtime.Watermark;
import org.apache.flink.api.connector.sink2.Committer;
import org.apache.flink.api.connector.sink2.CommitterInitContext;
import org.apache.flink.api.connector.sink2.CommittingSinkWriter;
import org.apache.flink.api.connector.sink2.Sink;
import org.apache.flink.api.connector.sink2.SupportsCommitter;
import org.apache.flink.api.connector.sink2.WriterInitContext;
import org.apache.flink.core.io.SimpleVersionedSerializer;

/**
 * A sink in two phases: what passes, and the watermark behind it, is kept until a checkpoint has it, and given out once that one is
 * complete. A job that goes on from it has not given out what it decides again; what the checkpoint had and was not given out yet, is.
 */
final class Committed implements Sink<Long>, SupportsCommitter<Outlet.Transaction> {
    private final Ends ends;

    Committed(Ends ends) {
        this.ends = ends;
    }

    @Override
    public CommittingSinkWriter<Long, Outlet.Transaction> createWriter(WriterInitContext context) {
        return new Writer();
    }

    @Override
    public Committer<Outlet.Transaction> createCommitter(CommitterInitContext context) throws IOException {
        return new Giving(ends.outlet());
    }

    @Override
    public SimpleVersionedSerializer<Outlet.Transaction> getCommittableSerializer() {
        return new Stored();
    }

    private static final class Writer implements CommittingSinkWriter<Long, Outlet.Transaction> {
        private long[] numbers = new long[1 << 12];
        private int filled;
        private long watermark = Outlet.Transaction.NONE;

        @Override
        public void write(Long number, Context context) {
            if (filled == numbers.length) {
                numbers = Arrays.copyOf(numbers, 2 * filled);
            }
            numbers[filled++] = number;
        }

        @Override
        public void writeWatermark(Watermark seen) {
            watermark = seen.getTimestamp();
        }

        @Override
        public void flush(boolean ended) {
            // Nothing comes out before its checkpoint.
        }

        @Override
        public Collection<Outlet.Transaction> prepareCommit() {
            if (filled == 0 && watermark == Outlet.Transaction.NONE) {
                return List.of();
            }
            // The machine's one clock that never goes back, in whichever of its processes this is.
            var kept = new Outlet.Transaction(System.nanoTime(), watermark, Arrays.copyOf(numbers, filled));
            filled = 0;
            watermark = Outlet.Transaction.NONE;
            return List.of(kept);
        }

        @Override
        public void close() {}
    }

    private record Giving(Outlet outlet) implements Committer<Outlet.Transaction> {
        @Override
        public void commit(Collection<CommitRequest<Outlet.Transaction>> requests) throws IOException {
            for (CommitRequest<Outlet.Transaction> request : requests) {
                outlet.commit(request.getCommittable());
            }
        }

        @Override
        public void close() throws IOException {
            outlet.close();
        }
    }

    private static final class Stored implements SimpleVersionedSerializer<Outlet.Transaction> {
        @Override
        public int getVersion() {
            return 1;
        }

        @Override
        public byte[] serialize(Outlet.Transaction of) {
            ByteBuffer bytes = ByteBuffer.allocate(8 * (2 + of.numbers().length));
            bytes.putLong(of.number()).putLong(of.watermark()).asLongBuffer().put(of.numbers());
            return bytes.array();
        }

        @Override
        public Outlet.Transaction deserialize(int version, byte[] stored) {
            ByteBuffer bytes = ByteBuffer.wrap(stored);
            long number = bytes.getLong();
            long watermark = bytes.getLong();
            long[] numbers = new long[bytes.remaining() / 8];
            bytes.asLongBuffer().get(numbers);
            return new Outlet.Transaction(number, watermark, numbers);
        }
    }
}
