"""The gRPC interface of Qdrant over the local mode of Qdrant's own Python client, so that the store can be tested where no server can be had.

    venv/bin/pip install qdrant-client==1.20.0
    QDRANT_API_KEY=key venv/bin/python scripts/stores/qdrant.py      # prints its address, and serves until its standard input ends

Messages are decoded by the stubs, translated by the conversions, and carried out by the local mode that Qdrant's authors wrote and compare
with their server. It is no server: it keeps everything in memory, compares every point (`hnsw_ef` and indexes change nothing), and carries
out one request at a time. It serves the calls that the program makes; any other is answered with UNIMPLEMENTED.
"""

import hmac
import os
import sys
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version

import grpc
from qdrant_client import grpc as messages
from qdrant_client.conversions.conversion import GrpcToRest, RestToGrpc
from qdrant_client.grpc import collections_service_pb2_grpc, points_service_pb2_grpc, qdrant_pb2_grpc
from qdrant_client.local.qdrant_local import QdrantLocal

# Local mode says that payload indexes and large collections are for servers.
warnings.filterwarnings("ignore", category=UserWarning)

local = QdrantLocal(":memory:", force_disable_check_same_thread=True)
one_at_a_time = threading.Lock()


def given(request, field):
    """A field of a message, or None where it is not set."""
    return getattr(request, field) if request.HasField(field) else None


def converted(request, field, convert):
    value = given(request, field)
    return None if value is None else convert(value)


def answering(method):
    """A call that is carried out alone, and whose errors become statuses as a server has them."""

    def call(self, request, context):
        with one_at_a_time:
            try:
                return method(self, request)
            except Exception as error:
                missing = "not found" in str(error)
                context.abort(grpc.StatusCode.NOT_FOUND if missing else grpc.StatusCode.INVALID_ARGUMENT, str(error))

    return call


def done():
    return messages.PointsOperationResponse(result=messages.UpdateResult(operation_id=0, status=messages.UpdateStatus.Completed))


def found_point(record):
    """A point that was found; one of which nothing is asked bears nothing."""
    record.payload = record.payload or {}
    return RestToGrpc.convert_record(record)


def selector(request):
    """The points that a change is for, as local mode takes them: numbers or a filter."""
    return GrpcToRest.convert_points_selector(request.points if hasattr(request, "points") else request.points_selector)


def with_payload(request):
    return converted(request, "with_payload", GrpcToRest.convert_with_payload_selector) or False


def with_vectors(request):
    return converted(request, "with_vectors", GrpcToRest.convert_with_vectors_selector) or False


class Collections(collections_service_pb2_grpc.CollectionsServicer):
    @answering
    def CollectionExists(self, request):
        exists = local.collection_exists(request.collection_name)
        return messages.CollectionExistsResponse(result=messages.CollectionExists(exists=exists))

    @answering
    def Get(self, request):
        info = local.get_collection(request.collection_name)
        return messages.GetCollectionInfoResponse(result=RestToGrpc.convert_collection_info(info))

    @answering
    def Create(self, request):
        local.create_collection(request.collection_name, GrpcToRest.convert_vectors_config(request.vectors_config))
        return messages.CollectionOperationResponse(result=True)

    @answering
    def Update(self, request):
        local.update_collection(request.collection_name)
        return messages.CollectionOperationResponse(result=True)

    @answering
    def Delete(self, request):
        return messages.CollectionOperationResponse(result=local.delete_collection(request.collection_name))


class Points(points_service_pb2_grpc.PointsServicer):
    @answering
    def Upsert(self, request):
        points = [GrpcToRest.convert_point_struct(point) for point in request.points]
        condition = converted(request, "update_filter", GrpcToRest.convert_filter)
        mode = given(request, "update_mode")
        mode = None if mode is None else GrpcToRest.convert_update_mode(mode)
        local.upsert(request.collection_name, points, update_filter=condition, update_mode=mode)
        return done()

    @answering
    def Delete(self, request):
        local.delete(request.collection_name, selector(request))
        return done()

    @answering
    def SetPayload(self, request):
        payload = GrpcToRest.convert_payload(request.payload)
        local.set_payload(request.collection_name, payload, selector(request))
        return done()

    @answering
    def DeletePayload(self, request):
        local.delete_payload(request.collection_name, list(request.keys), selector(request))
        return done()

    @answering
    def CreateFieldIndex(self, request):
        local.create_payload_index(request.collection_name, request.field_name)
        return done()

    @answering
    def Get(self, request):
        ids = [GrpcToRest.convert_point_id(point) for point in request.ids]
        found = local.retrieve(request.collection_name, ids, with_payload(request), with_vectors(request))
        return messages.GetResponse(result=[found_point(record) for record in found])

    @answering
    def Scroll(self, request):
        found, following = local.scroll(
            request.collection_name,
            scroll_filter=converted(request, "filter", GrpcToRest.convert_filter),
            limit=given(request, "limit") or 10,
            offset=converted(request, "offset", GrpcToRest.convert_point_id),
            with_payload=with_payload(request),
            with_vectors=with_vectors(request),
        )
        following = None if following is None else RestToGrpc.convert_extended_point_id(following)
        return messages.ScrollResponse(result=[found_point(record) for record in found], next_page_offset=following)

    @answering
    def Count(self, request):
        condition = converted(request, "filter", GrpcToRest.convert_filter)
        count = local.count(request.collection_name, condition, given(request, "exact") is not False)
        return messages.CountResponse(result=RestToGrpc.convert_count_result(count))

    @answering
    def Query(self, request):
        found = local.query_points(
            request.collection_name,
            query=converted(request, "query", GrpcToRest.convert_query),
            query_filter=converted(request, "filter", GrpcToRest.convert_filter),
            search_params=converted(request, "params", GrpcToRest.convert_search_params),
            limit=given(request, "limit") or 10,
            with_payload=with_payload(request),
            with_vectors=with_vectors(request),
        )
        return messages.QueryResponse(result=[RestToGrpc.convert_scored_point(point) for point in found.points])


class Root(qdrant_pb2_grpc.QdrantServicer):
    @answering
    def HealthCheck(self, request):
        return messages.HealthCheckReply(title="local mode of qdrant-client", version=version("qdrant-client"))


class WithKey(grpc.ServerInterceptor):
    """Refuses calls without the key, as a server with `service.api_key` does."""

    def __init__(self, key):
        self.key = key
        refuse = lambda request, context: context.abort(grpc.StatusCode.UNAUTHENTICATED, "Invalid API key")
        self.refused = grpc.unary_unary_rpc_method_handler(refuse)

    def intercept_service(self, continuation, details):
        sent = dict(details.invocation_metadata).get("api-key", "")
        return continuation(details) if hmac.compare_digest(sent, self.key) else self.refused


def serve():
    key = os.environ.get("QDRANT_API_KEY")
    server = grpc.server(
        ThreadPoolExecutor(max_workers=16),
        interceptors=[WithKey(key)] if key else [],
        options=[("grpc.max_receive_message_length", 64 << 20), ("grpc.max_send_message_length", -1), ("grpc.so_reuseport", 0)],
    )
    collections_service_pb2_grpc.add_CollectionsServicer_to_server(Collections(), server)
    points_service_pb2_grpc.add_PointsServicer_to_server(Points(), server)
    qdrant_pb2_grpc.add_QdrantServicer_to_server(Root(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(f"qdrant://127.0.0.1:{port}", flush=True)
    return server


if __name__ == "__main__":
    running = serve()
    sys.stdin.read()
    running.stop(grace=None)
