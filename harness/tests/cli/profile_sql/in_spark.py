"""Runs the profile's queries in one local Spark, each over a view of its file."""

import json
import sys
import tempfile

from pyspark.sql import SparkSession

with tempfile.TemporaryDirectory() as scratch:
    settings = {
        # Nothing here runs for long enough to be worth compiling well.
        "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.sql.shuffle.partitions": "2",
        "spark.sql.session.timeZone": "UTC",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.local.dir": scratch,
        "spark.sql.warehouse.dir": scratch,
    }
    builder = SparkSession.builder.master("local[2]").appName("profile")
    for name, value in settings.items():
        builder = builder.config(name, value)
    spark = builder.getOrCreate()
    spark.sparkContext.setLogLevel("ERROR")
    for question in json.load(sys.stdin):
        columns = "`order` STRING, `it's \"part\"` STRING, at TIMESTAMP, ns BIGINT, ms DOUBLE, s DOUBLE"
        rows = spark.read.csv(question["csv"], schema=columns, header=True, escape='"')
        rows.createOrReplaceTempView("`it's live`")
        (row,) = spark.sql(question["query"]).collect()
        print(row["profile"], flush=True)
    spark.stop()
