"""Spark: a structured stream with dropDuplicatesWithinWatermark. A batch is a file, and a micro-batch."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "clients"))
from dedup_flow import Flow, serve  # noqa: E402

STORES = {
    "hdfs": "org.apache.spark.sql.execution.streaming.state.HDFSBackedStateStoreProvider",
    "rocksdb": "org.apache.spark.sql.execution.streaming.state.RocksDBStateStoreProvider",
}


class Spark(Flow):
    raw = True

    def __init__(self, hello):
        import numpy
        import pyarrow
        import pyarrow.parquet
        from pyspark.sql import SparkSession

        self.numpy, self.pyarrow = numpy, pyarrow
        settings = hello["settings"]
        directory = hello["state_dir"]
        # A JVM whose clock is in another zone would show other times, and nothing else.
        builder = SparkSession.builder.master("local[2]").appName("dedup")
        for name, value in {
            "spark.driver.memory": "2g",
            "spark.ui.enabled": "false",
            "spark.ui.showConsoleProgress": "false",
            "spark.driver.bindAddress": "127.0.0.1",
            "spark.driver.host": "127.0.0.1",
            "spark.local.dir": directory,
            "spark.sql.warehouse.dir": os.path.join(directory, "warehouse"),
            "spark.sql.shuffle.partitions": settings["partitions"],
            "spark.sql.streaming.stateStore.providerClass": STORES[settings["store"]],
        }.items():
            builder = builder.config(name, value)
        self.spark = builder.getOrCreate()
        self.spark.sparkContext.setLogLevel("ERROR")
        self.version = f"Spark {self.spark.version}"
        self.pieces, self.times, self.count = [], [], 0
        self.files = int(settings["files"])
        self.input = os.path.join(directory, "input")
        os.makedirs(self.input, exist_ok=True)
        stream = (
            self.spark.readStream.schema("k1 LONG, k2 LONG, t TIMESTAMP, seq LONG")
            .parquet(self.input)
            .withWatermark("t", f"{settings['window'] // 1000} microseconds")
            .dropDuplicatesWithinWatermark(["k1", "k2"])
            .select("seq")
        )
        self.query = (
            stream.writeStream.foreachBatch(self.passed)
            .option("checkpointLocation", os.path.join(directory, "checkpoint"))
            .start()
        )

    def passed(self, frame, _batch):
        numbers = frame.toArrow()["seq"].combine_chunks()
        self.out_bytes(numbers.to_numpy(zero_copy_only=False).astype("<u8").tobytes())

    def put(self, pings, now):
        self.pieces.append(pings)
        self.times.append(now)

    def marker(self, now):
        if not self.pieces:
            return
        row = [("k1", "<i8"), ("k2", "<i8"), ("event", "<u8"), ("arrival", "<u8"), ("seq", "<i8")]
        rows = self.numpy.frombuffer(b"".join(self.pieces), row)
        times = self.numpy.concatenate(
            [self.numpy.full(len(piece) // 40, time // 1000) for piece, time in zip(self.pieces, self.times)]
        )
        self.pieces, self.times = [], []
        table = self.pyarrow.table(
            {
                "k1": rows["k1"],
                "k2": rows["k2"],
                "t": self.pyarrow.array(times, self.pyarrow.timestamp("us", "UTC")),
                "seq": rows["seq"],
            }
        )
        self.count += 1
        each = -(-table.num_rows // self.files)
        names = []
        for first in range(0, table.num_rows, each):
            names.append(os.path.join(self.input, f"{os.getpid()}-{self.count:09}-{first:06}.parquet"))
            self.pyarrow.parquet.write_table(table.slice(first, each), names[-1] + ".part")
        # One directory that appears at once is none that Spark would look into: files of one batch may be seen as two.
        for name in names:
            os.rename(name + ".part", name)
        self.query.processAllAvailable()
        for name in names:
            os.remove(name)

    def footprint(self):
        progress = self.query.lastProgress
        states = progress["stateOperators"] if progress else []
        return sum(state["numRowsTotal"] for state in states), sum(state["memoryUsedBytes"] for state in states)


serve(Spark)
