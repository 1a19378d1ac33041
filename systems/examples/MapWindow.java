import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;

/** A map from id to the time of its first copy, oldest first: the least that deduplicates, in Java. */
public final class MapWindow implements DedupSystem.Judge {
    private record Key(long high, long low) {}

    private final Map<Key, Long> since = new LinkedHashMap<>();
    private final long window;

    private MapWindow(long window) {
        this.window = window;
    }

    @Override
    public byte[] judge(DedupSystem.Ping[] pings, long now) {
        byte[] verdicts = new byte[pings.length];
        for (int at = 0; at < pings.length; at++) {
            Key key = new Key(pings[at].high(), pings[at].low());
            Long marked = since.get(key);
            if (marked != null && marked > now - window) {
                verdicts[at] = DedupSystem.DUPLICATE;
            } else {
                // Out and in again: the oldest stays in front.
                since.remove(key);
                since.put(key, now);
                verdicts[at] = DedupSystem.NEW;
            }
        }
        return verdicts;
    }

    @Override
    public long[] advance(long now) {
        if (now != DedupSystem.END) {
            Iterator<Long> oldest = since.values().iterator();
            while (oldest.hasNext() && oldest.next() <= now - window) {
                oldest.remove();
            }
        }
        return new long[0];
    }

    @Override
    public long[] footprint() {
        return new long[] {since.size(), since.size() * 96L};
    }

    public static void main(String[] none) throws Exception {
        DedupSystem harness = new DedupSystem();
        harness.serve("Java " + System.getProperty("java.version"), new MapWindow(Long.parseLong(harness.told("window"))));
    }
}
