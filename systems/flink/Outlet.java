import java.io.IOException;

/** Where the sink gives out what passes. */
interface Outlet extends AutoCloseable {
    /** The first `count` of `numbers` have passed. */
    void passed(long[] numbers, int count) throws IOException;

    /** Everything that stood before this watermark has passed or been dropped. */
    void reached(long watermark) throws IOException;

    /** All of this at once, or nothing where it has been committed before. */
    void commit(Transaction transaction) throws IOException;

    @Override
    default void close() throws IOException {}

    /** What passed between two checkpoints, and the last watermark among it. Those of later checkpoints have higher numbers. */
    record Transaction(long number, long watermark, long[] numbers) {
        /** Where no watermark came. */
        static final long NONE = Long.MIN_VALUE;
    }
}
