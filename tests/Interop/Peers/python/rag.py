"""Uses the engine's own API with grpcio: rag.py DESCRIPTORS PORT STEP… Prints one JSON object a step. The steps build
on each other: the first one makes the workspace that the others use."""
import json
import sys
import traceback

import grpc

from peer import Messages, method, say

messages = Messages(sys.argv[1])
channel = grpc.insecure_channel("127.0.0.1:" + sys.argv[2])
WORKSPACE = "python"
LIMIT = 60


def message(name, **fields):
    return messages("rag.v1." + name)(**fields)


def call(service, name, kind="unary_unary"):
    path = "/rag.v1.%sService/%s" % (service, name)
    made = method(channel, kind, path, messages("rag.v1.%sResponse" % name))
    return lambda request: made(request, timeout=LIMIT)


def write(chunk_id, text, color):
    write = message("ChunkWrite")
    write.chunk.chunk_id = chunk_id
    write.chunk.text = text
    write.chunk.metadata["color"].string_value = color
    return write


def search(text, k, workspace=WORKSPACE, **fields):
    return message("SearchRequest", workspace=workspace, text=text, k=k, **fields)


def color_is(color):
    result = message("Filter")
    result.equal.key = "color"
    result.equal.value.string_value = color
    return result


def watch(job):
    request = message("WatchJobRequest", workspace=WORKSPACE, job_id=job.job_id)
    last = list(call("Ingest", "WatchJob", "unary_stream")(request))[-1].job
    assert last.state == 5, last
    return last


def create_workspace():
    request = message("CreateWorkspaceRequest")
    request.workspace.name = WORKSPACE
    assert call("Workspace", "CreateWorkspace")(request).workspace.state == 2
    listed = call("Workspace", "ListWorkspaces")(message("ListWorkspacesRequest"))
    assert WORKSPACE in [one.name for one in listed.workspaces]


def upsert_and_search():
    written = call("Chunk", "UpsertChunks")(message("UpsertChunksRequest", workspace=WORKSPACE, chunks=[
        write("cat", "A cat sleeps on the warm sofa.", "red"), write("tax", "Taxes are due in April.", "blue")]))
    assert not any(result.HasField("error") for result in written.results)
    request = search("a resting pet", 2, min_consistency_token=written.consistency_token)
    request.return_fields.text = True
    request.return_fields.metadata = True
    hits = call("Search", "Search")(request).hits
    assert hits[0].chunk_id == "cat" and hits[0].text == "A cat sleeps on the warm sofa."
    assert hits[0].metadata["color"].string_value == "red" and hits[0].score > hits[1].score
    filtered = call("Search", "Search")(search("a resting pet", 2, filter=color_is("blue")))
    assert [hit.chunk_id for hit in filtered.hits] == ["tax"]


def bulk_upsert():
    requests = [message("BulkUpsertChunksRequest", workspace=WORKSPACE, chunks=[
        write("bulk-%d-%d" % (i, j), "Item %d of list %d." % (i, j), "green") for j in range(20)]) for i in range(5)]
    response = call("Chunk", "BulkUpsertChunks", "stream_unary")(iter(requests))
    assert response.written_count == 100, response
    counted = call("Chunk", "CountChunks")(
        message("CountChunksRequest", workspace=WORKSPACE, filter=color_is("green")))
    assert counted.count == 100, counted


def search_stream():
    requests = [message("SearchStreamRequest", correlation_id=number,
                        search=search("cat", 1, workspace="nowhere" if number == 7 else WORKSPACE))
                for number in range(1, 11)]
    answers = {answer.correlation_id: answer.result
               for answer in call("Search", "SearchStream", "stream_stream")(iter(requests))}
    assert len(answers) == 10
    assert answers[7].error.code == grpc.StatusCode.NOT_FOUND.value[0]
    assert answers[3].response.hits[0].chunk_id == "cat"


def source(document_id, file_name):
    return message("DocumentSource", workspace=WORKSPACE, document_id=document_id, file_name=file_name)


def ingest_text_and_watch():
    request = message("SubmitTextRequest", source=source("moon", "moon.md"),
                      text="# Moon\n\nThe moon circles the earth in 27 days.")
    assert watch(call("Ingest", "SubmitText")(request).job).chunks > 0
    document = call("Ingest", "GetDocument")(
        message("GetDocumentRequest", workspace=WORKSPACE, document_id="moon")).document
    assert document.file_name == "moon.md"


def ingest_file_in_pieces():
    text = b"Waves break on the shore. " * 400
    pieces = [message("SubmitFileRequest", source=source("sea", "sea.txt"))]
    pieces += [message("SubmitFileRequest", data=text[start:start + 1000]) for start in range(0, len(text), 1000)]
    job = call("Ingest", "SubmitFile", "stream_unary")(iter(pieces)).job
    assert job.size_bytes == len(text) and watch(job).chunks > 1
    hits = call("Search", "Search")(search("surf at the beach", 1)).hits
    assert hits[0].document_id == "sea"


def errors_say_what_to_do():
    def fail(request, code):
        try:
            call("Search", "Search")(request)
        except grpc.RpcError as error:
            assert error.code() == code, error
            return error
        raise AssertionError("It should have failed.")

    assert "nowhere" in fail(search("x", 1, workspace="nowhere"), grpc.StatusCode.NOT_FOUND).details()
    wrong = fail(search("x", 10000000), grpc.StatusCode.INVALID_ARGUMENT)
    details = dict(wrong.trailing_metadata())["grpc-status-details-bin"]
    assert messages("google.rpc.Status").FromString(details).code == 3


for name in sys.argv[3:]:
    try:
        globals()[name]()
        say(json.dumps({"case": name, "ok": True}))
    except Exception:
        say(json.dumps({"case": name, "ok": False, "error": traceback.format_exc()}))
