"""Rows 76 to 80, and a cache that neither loses headers nor mixes sources up."""

import json
import os
from datetime import timedelta

import pytest
from mock import Answer, entry, header

from ocp_agent import AgentContext, OCPAPISpec, OCPStorage, OCPTool, RegistryUnavailable
from ocp_agent.context import now

TOOL = OCPTool("getIt", "Lists repositories", "GET", "/it", {}, None, "GetIt", ["a"])


def spec(title="GitHub API", description="Code hosting"):
    return OCPAPISpec(title, "1.0", "https://api.example.com", description, [TOOL], {"raw": "é"})


@pytest.fixture
def storage(home):
    return OCPStorage()


def file_of(home, name):
    return home / ".ocp" / "cache" / "apis" / f"{name}.json"


def test_row_76_file(storage, home):
    assert storage.cache_api("github", spec(), {"source": "registry:github"})
    data = json.loads(file_of(home, "github").read_text("utf-8"))
    assert list(data) == ["api_name", "title", "version", "base_url", "cached_at", "source",
                          "raw_spec", "tools", "description"]
    assert data["tools"] == [{"name": "getIt", "method": "GET", "path": "/it",
                              "description": "Lists repositories", "parameters": {},
                              "response_schema": None, "operation_id": "GetIt", "tags": ["a"]}]
    assert storage.get_cached_api("github") == spec()


def test_row_77_age(storage, home):
    storage.cache_api("github", spec())
    path = file_of(home, "github")
    data = json.loads(path.read_text())
    data["cached_at"] = (now() - timedelta(days=10)).isoformat()
    path.write_text(json.dumps(data))
    assert storage.get_cached_api("github", 7) is None
    assert storage.get_cached_api("github", 14) and storage.get_cached_api("github")


def test_row_78_search(storage):
    storage.cache_api("github", spec())
    storage.cache_api("stripe", spec("Stripe API", "Every payment"))
    found = {query: sorted(hit["name"] for hit in storage.search_cache(query))
             for query in ("github", "payment", "repositories", "GITHUB", "zzz")}
    assert found == {"github": ["github"], "payment": ["stripe"], "GITHUB": ["github"],
                     "repositories": ["github", "stripe"], "zzz": []}
    assert storage.search_cache("github")[0]["tool_count"] == 1


@pytest.mark.parametrize("text", ["{", "[]", "3", '{"tools": 1}', "\xff"])
def test_row_79_corrupt_file(storage, home, text):
    file_of(home, "github").write_text(text, "latin-1")
    assert storage.get_cached_api("github", 7) is None
    assert storage.get_cached_api("none") is None
    assert storage.search_cache("x") == []


def test_row_80_sessions(storage, home):
    for number in range(5):
        context = AgentContext("agent", f"u{number}")
        context.update_goal("g")
        assert storage.save_session(f"s{number}", context)
        os.utime(home / ".ocp" / "sessions" / f"s{number}.json", (number, number))
    assert storage.load_session("s1").user == "u1"
    assert [s["id"] for s in storage.list_sessions()] == ["s4", "s3", "s2", "s1", "s0"]
    assert [s["user"] for s in storage.list_sessions(limit=2)] == ["u4", "u3"]
    assert storage.list_sessions()[0]["interaction_count"] == 1
    assert storage.cleanup_sessions(keep_recent=2) == 3
    assert [s["id"] for s in storage.list_sessions()] == ["s4", "s3"]
    assert storage.load_session("s1") is None


def test_names_stay_in_the_folder(storage, home):
    for name in ("../x", "/etc/x", "..", "a/b", "x" * 500):
        assert storage.cache_api(name, spec())
        assert storage.get_cached_api(name) == spec()
    files = [path for path in home.rglob("*") if path.is_file()]
    assert len(files) == 5 and {path.parent for path in files} == {storage.cache_dir}
    assert storage.clear_cache("..") and len(storage.list_cached_apis()) == 4
    assert storage.clear_cache() and storage.list_cached_apis() == []


def test_a_folder_that_cannot_be_written_is_no_error(tmp_path):
    (tmp_path / "file").write_text("")
    storage = OCPStorage(tmp_path / "file" / "ocp")
    assert not storage.cache_api("x", spec())
    assert storage.get_cached_api("x") is None and storage.list_sessions() == []


def test_files_of_the_existing_agents_are_read(storage, home):
    file_of(home, "github").write_text(json.dumps({
        "api_name": "github", "title": "G", "version": "1", "base_url": "https://g",
        "cached_at": "2026-01-04T10:00:00.000Z", "source": "registry:github", "raw_spec": {},
        "tools": [{"name": "a", "method": "GET", "path": "/a", "description": "d",
                   "parameters": {}, "response_schema": None}]}))
    assert [t.name for t in storage.get_cached_api("github").tools] == ["a"]


def test_headers_survive_a_cache_hit(make_agent, serve, mock, home):
    serve()
    mock.answers["GET /v1/balance"] = Answer(data={})
    for _ in range(2):
        agent = make_agent(enable_cache=True)
        agent.register_api("stripe", headers={"Authorization": "Bearer sk_test_1"})
        agent.call_tool("getBalance")
    assert len(mock.calls("/registry/stripe")) == 1
    assert [header(asked, "Authorization") for asked in mock.calls("/v1/balance")] == [
        "Bearer sk_test_1"] * 2
    assert "sk_test" not in file_of(home, "stripe").read_text()
    assert agent.context.history[0]["metadata"]["cached"] is True


def test_another_source_or_address_is_another_api(make_agent, serve, mock, other):
    serve()
    other.answers["GET /registry/stripe"] = Answer(data=entry(other.url))

    def base(**options):
        url = options.pop("registry_url", mock.url)
        agent = make_agent(enable_cache=True, registry_url=url)
        return agent.register_api("stripe", **options).base_url

    assert base() == mock.url
    assert base(base_url="http://own") == "http://own"
    assert base() == mock.url
    assert base(registry_url=other.url) == other.url
    assert base(registry_url=other.url) == other.url
    assert (len(mock.asked), len(other.asked)) == (3, 1)


def test_a_cached_api_is_revalidated(make_agent, serve, mock):
    serve(ETag='"v1"')
    make_agent(enable_cache=True).register_api("stripe")
    mock.answers["GET /registry/stripe"] = Answer(304)
    spec = make_agent(enable_cache=True).register_api("stripe")
    assert len(spec.tools) == 3 and header(mock.asked[1], "If-None-Match") == '"v1"'
    mock.answers["GET /registry/stripe"] = Answer(
        data=entry("http://moved"), headers={"ETag": '"v2"'})
    assert make_agent(enable_cache=True).register_api("stripe").base_url == "http://moved"
    # While the registry is away, what is kept is good enough.
    mock.answers["GET /registry/stripe"] = Answer(500)
    assert make_agent(enable_cache=True).register_api("stripe").base_url == "http://moved"
    with pytest.raises(RegistryUnavailable):
        make_agent().register_api("stripe")


def test_wire_details_survive_the_cache(make_agent, mock):
    schema = {"type": "object", "properties": {"a": {"type": "integer"}}}
    mock.answers["GET /spec.json"] = Answer(data={
        "openapi": "3.0.0", "info": {"title": "T"}, "paths": {"/x": {"post": {
            "operationId": "x", "requestBody": {"content": {
                "application/x-www-form-urlencoded": {"schema": schema}}}}}}})
    mock.answers["POST /x"] = Answer(data={})
    for _ in range(2):
        agent = make_agent(enable_cache=True)
        agent.register_api("t", f"{mock.url}/spec.json")
        agent.call_tool("x", {"a": 1})
    assert [asked.body for asked in mock.calls("/x")] == [b"a=1"] * 2
    assert len(mock.calls("/spec.json")) == 1
