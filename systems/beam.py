"""Beam: DeduplicatePerKey of Python's SDK, in event or processing time, on the runner that TestStream is made for, fed while it runs."""

import os
import queue
import sys
import threading
from collections import deque

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "clients"), os.path.join(HERE, "..", "target", "systems", "beam", "packages")]
sys.path.append(os.path.join(HERE, "beam"))
from dedup_flow import Flow, serve  # noqa: E402

NS_A_MS = 1_000_000
# Stands among the events: all before it are done once the one after it is asked for.
MARK = object()


class Beam(Flow):
    def __init__(self, hello):
        import apache_beam
        import collect
        from apache_beam.runners.direct import test_stream_impl
        from apache_beam.testing.test_stream import ElementEvent, ProcessingTimeEvent, WatermarkEvent
        from apache_beam.utils.timestamp import Duration, Timestamp

        self.beam, self.collect = apache_beam, collect
        self.element, self.watermark, self.timestamp = ElementEvent, WatermarkEvent, Timestamp
        self.later = lambda ms: ProcessingTimeEvent(Duration(micros=ms * 1000))
        self.version = f"Beam {apache_beam.__version__}"
        self.window = hello["settings"]["window"]
        self.by_processing_time = hello["settings"]["domain"] == "processing"
        self.events, self.reached = queue.Queue(), queue.Queue()
        self.seen_ms = 0
        self.passed = deque()
        self.now = 0
        if self.by_processing_time:
            # A timer is set from the clock on the wall; the runner fires it by TestStream's.
            Timestamp.now = staticmethod(lambda: Timestamp(micros=self.seen_ms * 1000))
        # In the place of a script that is written before the pipeline runs.
        test_stream_impl._TestStream.events_from_script = staticmethod(lambda _script: self.feed())
        threading.Thread(target=self.run, daemon=True).start()
        self.wait()

    def feed(self):
        """The next event. The runner asks for it once nothing that came before is under way any more."""
        while True:
            event = self.events.get()
            if event is not MARK:
                yield event
            else:
                self.reached.put(None)

    def wait(self):
        self.events.put(MARK)
        why = self.reached.get()
        if why is not None:
            raise why

    def run(self):
        from apache_beam.options.pipeline_options import PipelineOptions, StandardOptions
        from apache_beam.testing.test_stream import TestStream
        from apache_beam.transforms.deduplicate import DeduplicatePerKey
        from apache_beam.utils.timestamp import Duration

        try:
            options = PipelineOptions([])
            options.view_as(StandardOptions).streaming = True
            # In whole milliseconds, rounded down: one more, so that no id is forgotten early.
            lasts = Duration(micros=(self.window // NS_A_MS + 1) * 1000)
            domain = "processing_time_duration" if self.by_processing_time else "event_time_duration"
            with self.beam.Pipeline("BundleBasedDirectRunner", options) as pipeline:
                (
                    pipeline
                    | TestStream().add_elements([])
                    | self.beam.Map(self.collect.keyed).with_output_types(tuple[bytes, int])
                    | DeduplicatePerKey(**{domain: lasts})
                    | self.beam.Map(self.collect.passed)
                )
        except Exception as why:
            self.reached.put(why)

    def put(self, pings, now):
        from apache_beam.transforms.window import TimestampedValue

        time_ms = now // NS_A_MS
        time = self.timestamp(micros=time_ms * 1000)
        if time_ms > self.seen_ms:
            if self.by_processing_time:
                self.events.put(self.later(time_ms - self.seen_ms))
            self.seen_ms = time_ms
            self.events.put(self.watermark(time, None))
        self.events.put(self.element([TimestampedValue((key, number), time) for key, _, _, number in pings], None))

    def marker(self, now):
        self.wait()
        numbers = self.collect.take()
        self.now = now
        self.passed.append((now, len(numbers)))
        self.out(numbers)

    def footprint(self):
        """Ids whose first ping passed within the window: the runner does not say how many states it has."""
        while self.passed and self.passed[0][0] + self.window <= self.now:
            self.passed.popleft()
        return sum(count for _, count in self.passed), 0


serve(Beam)
