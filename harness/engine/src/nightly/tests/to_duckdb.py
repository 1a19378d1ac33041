"""Reads the nightly job's query in the dialect named by the first argument, over a table whose column of times is called
as the second one says, and prints it as DuckDB's SQL.

The parser and the translation are sqlglot's. Added is what DuckDB has no word for: a row as one value, INSERT ROW, and
the overwriting of the partitions that are written to.
"""

import sys

from sqlglot import ErrorLevel, exp, parse

DAY = f"CAST({sys.argv[2]} AS DATE)"


def translated(statement):
    text = lambda part: part.sql("duckdb", unsupported_level=ErrorLevel.RAISE)
    if isinstance(statement, exp.Set) or statement.find(exp.AlterSession):
        return ""  # of the session; the test sets its time zone itself
    for struct in list(statement.find_all(exp.Struct)):
        (column,) = struct.expressions
        if not isinstance(column.this, exp.Star):
            raise ValueError(f"{struct} is not a whole row")
        struct.replace(exp.column(column.args["table"]))
    for row in list(statement.find_all(exp.Column)):
        if isinstance(row.this, exp.Star) and not isinstance(row.parent, exp.Select):
            row.replace(exp.column(row.args["table"]))
    for insert in statement.find_all(exp.Insert):
        if insert.this == exp.var("ROW"):
            insert.set("this", exp.Star())
    if isinstance(statement, exp.Insert) and statement.args.get("overwrite"):
        table = text(statement.this)
        return (
            f"CREATE OR REPLACE TEMP TABLE written AS {text(statement.expression)};\n"
            f"DELETE FROM {table} WHERE {DAY} IN (SELECT {DAY} FROM written);\n"
            f"INSERT INTO {table} SELECT * FROM written;\n"
        )
    return text(statement) + ";\n"


for each in parse(sys.stdin.read(), read=sys.argv[1], error_level=ErrorLevel.RAISE):
    sys.stdout.write(translated(each))
