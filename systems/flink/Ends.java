import java.io.IOException;
import java.io.Serializable;

/** Where a job's two ends are: in the process that speaks with the harness, or behind a port of it. */
record Ends(int port, long run) implements Serializable {
    /** The outlet where both are in one process. */
    static volatile Outlet here;

    boolean areHere() {
        return port == 0;
    }

    Outlet outlet() throws IOException {
        return areHere() ? here : new Wire.ToOutlet(port);
    }
}
