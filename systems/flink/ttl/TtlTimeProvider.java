package org.apache.flink.runtime.state.ttl;

/**
 * In the place of Flink's own interface of this name, which knows the clock on the wall alone: the time that state with a time
 * to live goes by. It is the wall's until it is set.
 */
public interface TtlTimeProvider {
    /** What Flink asks. */
    TtlTimeProvider DEFAULT = () -> Given.isSet ? Given.now : System.currentTimeMillis();

    /** Now, in whatever unit times to live are in. */
    long currentTimestamp();

    /** The time that was given. */
    final class Given {
        static volatile boolean isSet;
        static volatile long now;

        private Given() {}

        /** From now on it is this time. */
        public static void set(long time) {
            now = time;
            isSet = true;
        }
    }
}
