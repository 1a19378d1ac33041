"""Reads statements, a JSON list, in the dialect named by the first argument, and prints them as DuckDB's, a JSON list again.

The parser and the translation are sqlglot's. Added is what DuckDB has no word for: tables that are kept in parts, and one part that is
overwritten.
"""

import json
import sys

from sqlglot import ErrorLevel, exp, parse_one


def text(part):
    return part.sql("duckdb", unsupported_level=ErrorLevel.RAISE)


def translated(statement):
    if isinstance(statement, exp.Set):
        return []  # of the session; the test sets its time zone itself
    if isinstance(statement, exp.Create):
        statement.set("properties", None)
    if isinstance(statement, exp.Insert) and statement.args.get("overwrite"):
        (part,) = statement.this.args.pop("partition").expressions
        select, table = statement.expression, text(statement.this)
        if not isinstance(part, exp.EQ):  # the parts of which there are rows
            day = text(part)
            return [
                f"CREATE OR REPLACE TEMP TABLE written AS {text(select)}",
                f"DELETE FROM {table} WHERE {day} IN (SELECT {day} FROM written)",
                f"INSERT INTO {table} BY NAME FROM written",
            ]
        select.select(exp.alias_(part.expression.copy(), part.this.name), copy=False)
        return [
            f"DELETE FROM {table} WHERE {text(part)}",
            f"INSERT INTO {table} BY NAME {text(select)}",
        ]
    return [text(statement)]


statements = json.load(sys.stdin)
parsed = [parse_one(sql, read=sys.argv[1], error_level=ErrorLevel.RAISE) for sql in statements]
print(json.dumps([sql for statement in parsed for sql in translated(statement)]))
