import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A stream processor as a deduplication system, for dedup-harness: the shape flow of docs/PROTOCOL.md in binary. Nothing but the
 * standard library. Copy it beside your own file; it has standard input and output for itself.
 */
public final class DedupFlow {
    /** Bytes of a ping: key (16), event time, arrival, number; times in nanoseconds since 1970. */
    public static final int PING = 40;

    private final DataInputStream in = new DataInputStream(new BufferedInputStream(new FileInputStream(FileDescriptor.in), 1 << 16));
    private final OutputStream out = new BufferedOutputStream(new FileOutputStream(FileDescriptor.out), 1 << 16);
    private final String hello;

    /** What comes in. */
    public interface Flow {
        /** Pings, PING bytes for each, least byte first; `now` is the time of all. */
        void put(long now, ByteBuffer pings) throws Exception;

        /** Call {@link DedupFlow#passedMarker} once everything is out that passes of what was put in before. */
        void marker(long now, long number) throws Exception;

        /** Ids, bytes. */
        long[] footprint() throws Exception;
    }

    /** Reads the greeting. What libraries print goes to the standard error from now on. */
    public DedupFlow() throws IOException {
        System.setOut(System.err);
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        for (int next = in.read(); next >= 0 && next != '\n'; next = in.read()) {
            line.write(next);
        }
        hello = line.toString(StandardCharsets.UTF_8);
    }

    /** A setting, or else a field, of the greeting: a text without its quotation marks and escapes, a number as it stands there. */
    public String told(String name) {
        String value = "\"((?:[^\"\\\\]|\\\\.)*)\"|([^\",}]+)";
        Matcher found = Pattern.compile(Pattern.quote('"' + name + "\":") + "(?:" + value + ")").matcher(hello);
        if (!found.find(Math.max(hello.indexOf("\"settings\":{"), 0)) && !found.find(0)) {
            throw new IllegalArgumentException("the greeting has no " + name + ": " + hello);
        }
        return found.group(1) == null ? found.group(2) : plain(found.group(1));
    }

    /** A text of JSON without its escapes. */
    private static String plain(String text) {
        return Pattern.compile("\\\\(u([0-9a-f]{4})|.)").matcher(text).replaceAll(escape -> Matcher.quoteReplacement(
            escape.group(2) != null ? "" + (char) Integer.parseInt(escape.group(2), 16) : switch (escape.group(1)) {
                case "n" -> "\n";
                case "r" -> "\r";
                case "t" -> "\t";
                case "b" -> "\b";
                case "f" -> "\f";
                default -> escape.group(1);
            }));
    }

    /** Without what JSON would have to escape. */
    private static String tame(String text) {
        return text.replaceAll("[\\\\\"\\p{Cntrl}]", " ");
    }

    /** Says welcome, and hands on what comes until the input ends. */
    public void serve(String system, Flow flow) throws Exception {
        String calls = "{\"footprint\":true}";
        line("{\"dedup-protocol\":1,\"frames\":\"binary\",\"calls\":" + calls + ",\"system\":\"" + tame(system) + "\"}");
        byte[] header = new byte[8];
        while (true) {
            try {
                in.readFully(header);
            } catch (EOFException ended) {
                return;
            }
            ByteBuffer head = ByteBuffer.wrap(header).order(ByteOrder.LITTLE_ENDIAN);
            byte[] bytes = new byte[head.getInt()];
            in.readFully(bytes);
            ByteBuffer body = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
            switch (header[4]) {
                case 'P' -> flow.put(body.getLong(), body);
                case 'M' -> flow.marker(body.getLong(), body.getLong());
                case 'F' -> send('f', flow.footprint(), 2);
                default -> throw new IOException("an unknown request " + (char) header[4]);
            }
        }
    }

    /** Says why there is no welcome. */
    public void refuse(Throwable why) throws IOException {
        line("{\"failed\":\"" + tame(why.toString()) + "\"}");
    }

    /** Lets pings out: the first `count` of `numbers`. */
    public void passed(long[] numbers, int count) throws IOException {
        if (count > 0) {
            send('p', numbers, count);
        }
    }

    /** Lets a marker out. */
    public void passedMarker(long number) throws IOException {
        send('m', new long[] {number}, 1);
    }

    private synchronized void line(String text) throws IOException {
        out.write((text + "\n").getBytes(StandardCharsets.UTF_8));
        out.flush();
    }

    private synchronized void send(char kind, long[] numbers, int count) throws IOException {
        ByteBuffer frame = ByteBuffer.allocate(8 + 8 * count).order(ByteOrder.LITTLE_ENDIAN);
        frame.putInt(8 * count).putInt(kind);
        for (int at = 0; at < count; at++) {
            frame.putLong(numbers[at]);
        }
        out.write(frame.array());
        out.flush();
    }
}
