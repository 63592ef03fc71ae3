"""Rows 64 to 69: asking a registry."""

import pytest
from mock import Answer, entry, header, tool

from ocp_agent import APINotFound, OCPRegistry, RegistryUnavailable, Transport

HTTPBIN = [tool("getGet", "GET", "/get"), tool("postPost", "POST", "/post")]


@pytest.fixture
def registry(mock):
    return OCPRegistry(mock.url, Transport(0))


def test_row_64_where_it_is(monkeypatch):
    assert OCPRegistry().registry_url == "https://opencontextprotocol.io/api/v1"
    monkeypatch.setenv("OCP_REGISTRY_URL", "http://env.example/")
    assert OCPRegistry().registry_url == "http://env.example"
    assert OCPRegistry("http://arg.example//").registry_url == "http://arg.example"
    for wrong in ("ftp://x", "nonsense", "http://"):
        with pytest.raises(ValueError, match=f"Invalid registry URL: {wrong}"):
            OCPRegistry(wrong)


def test_row_65_entry(registry, mock):
    mock.answers["GET /registry/httpbin"] = Answer(data=entry(mock.url, "httpbin", HTTPBIN))
    spec = registry.get_api_spec("httpbin")
    assert (spec.title, spec.version, len(spec.tools)) == ("Httpbin API", "1.0.0", 2)


def test_row_66_base_url(registry, mock):
    mock.answers["GET /registry/httpbin"] = Answer(data=entry(mock.url, "httpbin", HTTPBIN))
    assert registry.get_api_spec("httpbin").base_url == mock.url
    assert registry.get_api_spec("httpbin", "http://own").base_url == "http://own"


def test_row_67_suggestions(registry, mock):
    mock.answers["GET /search"] = Answer(data={"results": [{"name": "httpbin"}]})
    with pytest.raises(APINotFound, match="Did you mean: httpbin") as caught:
        registry.get_api_spec("httpbim")
    assert caught.value.suggestions == ["httpbin"]


def test_row_68_nobody_there():
    registry = OCPRegistry("http://127.0.0.1:9", Transport(0))
    with pytest.raises(RegistryUnavailable, match="http://127.0.0.1:9"):
        registry.get_api_spec("x")
    assert registry.search_apis("x") == [] and registry.list_apis() == []


def test_row_69_second_try_with_three_letters(registry, mock):
    mock.answers["GET /search"] = [Answer(data={"results": []}),
                                   Answer(data={"results": [{"name": "stripe"}]})]
    with pytest.raises(APINotFound, match="API 'stroopwafel' not found in registry. "
                                          "Did you mean: stripe?"):
        registry.get_api_spec("stroopwafel")
    queries = [asked.query for asked in mock.calls("/search")]
    assert queries == ["q=stroopwafel&per_page=10", "q=str&per_page=10"]


@pytest.mark.parametrize("answer", [
    Answer(500), Answer(data=b"<html>"), Answer(data=[]), Answer(403),
])
def test_answers_that_are_no_entry(registry, mock, answer):
    mock.answers["GET /registry/x"] = answer
    with pytest.raises(RegistryUnavailable, match="Registry unavailable at"):
        registry.get_api_spec("x")


def test_the_path_of_the_registry_is_kept(mock):
    mock.answers["GET /api/v1/registry/x"] = Answer(data=entry(mock.url, "x"))
    assert len(OCPRegistry(f"{mock.url}/api/v1/").get_api_spec(" X ").tools) == 3


@pytest.mark.parametrize("name,path", [("a b", "/registry/a%20b"), ("a/b", "/registry/a%2Fb"),
                                       ("../x", "/registry/..%2Fx")])
def test_names_are_one_segment(registry, mock, name, path):
    mock.answers[f"GET {path}"] = Answer(data=entry(mock.url, "n"))
    assert registry.get_api_spec(name).title == "N API"


@pytest.mark.parametrize("name", ["", " ", ".", "..", "x" * 101])
def test_names_that_are_none(registry, mock, name):
    with pytest.raises(ValueError, match="Invalid API name"):
        registry.get_api_spec(name)
    assert mock.asked == []


def test_an_entry_with_holes(registry, mock):
    mock.answers["GET /registry/x"] = Answer(data={"display_name": None, "tools": [
        None, {"name": "noPath"}, {"name": "a", "method": "get", "path": "/a", "tags": None,
                                   "parameters": None, "response_schema": None}]})
    spec = registry.get_api_spec("x")
    assert (spec.title, [t.name for t in spec.tools]) == ("x", ["a"])
    assert (spec.tools[0].method, spec.tools[0].parameters) == ("GET", {})


def test_a_list(registry, mock):
    mock.answers["GET /registry"] = Answer(data=[{"name": "a"}, {"name": "b"}, 3])
    assert registry.list_apis() == ["a", "b"]


def test_nothing_of_the_caller_goes_along(agent, mock, serve):
    serve()
    agent.register_api("stripe", headers={"Authorization": "Bearer sk_test_1"})
    names = {name.lower() for name in mock.only("/registry/stripe").headers}
    assert "authorization" not in names and not any(n.startswith("ocp-") for n in names)
    assert header(mock.only("/registry/stripe"), "Accept") == "application/json"
