"""Runs statements, a JSON list, in one local Spark, and prints what each answers, a row a line."""

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
        "spark.sql.shuffle.partitions": "1",
        # Moments without an offset are those of the raw rows.
        "spark.sql.session.timeZone": "UTC",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.local.dir": scratch,
        "spark.sql.warehouse.dir": f"{scratch}/warehouse",
    }
    builder = SparkSession.builder.master("local[1]").appName("impact")
    for name, value in settings.items():
        builder = builder.config(name, value)
    spark = builder.getOrCreate()
    spark.sparkContext.setLogLevel("ERROR")
    for statement in json.load(sys.stdin):
        rows = spark.sql(statement)
        if statement.startswith(("SELECT", "WITH")):
            for row in rows.collect():
                print(json.dumps(row.asDict(), default=str), flush=True)
    spark.stop()
