"""Ask the tables in SQL: DuckDB reads the Arrow data of ``stepwell.table``::

python query.py "select count(*) from flights"
"""

import sys

import duckdb

import stepwell

QUESTION = """
    select p.carrier, round(p.skill, 3) as skill, round(avg(f.arr_delay), 1) as mean_delay,
           round(100 * avg((f.arr_delay > 30)::int), 1) as percent_late, count(*) as flights
    from predictability p join flights f using (carrier)
    group by all order by skill desc
"""

TABLES = {"flights": "facts.flights", "predictability": "flights.predictability"}


def answer(question: str) -> duckdb.DuckDBPyRelation:
    """The rows of a query over ``flights`` and ``predictability``."""
    connection = duckdb.connect()
    for name, where in TABLES.items():
        if name in question:
            connection.register(name, stepwell.table(where).to_arrow())
    return connection.sql(question)


if __name__ == "__main__":
    answer(sys.argv[1] if len(sys.argv) > 1 else QUESTION).show()
