"""Reads the profile's query in the dialect DIALECT, and prints it as DuckDB's SQL: a line for each question.

The parser and the translation are sqlglot's.
"""

import json
import sys

from sqlglot import ErrorLevel, parse_one

for question in json.load(sys.stdin):
    query = parse_one(question["query"], read=DIALECT, error_level=ErrorLevel.RAISE)
    sql = query.sql("duckdb", unsupported_level=ErrorLevel.RAISE)
    print("{" + json.dumps(sql + ";\n"))
