"""Rows 15 to 37: tools from descriptions, and what the existing agents do not understand."""

import json
import textwrap

import pytest
from mock import SEED_TOOLS, Answer, openapi

from ocp_agent import OCPSchemaDiscovery, OCPTool, SchemaDiscoveryError
from ocp_agent.discovery import spec_version

discovery = OCPSchemaDiscovery()


def only(operation, method="get", path="/items", **more):
    """The tool of a description with this one operation."""
    [tool] = discovery.parse(openapi({path: {method: operation}}, **more)).tools
    return tool


def body(schema, media="application/json", **more):
    return {"operationId": "op", "requestBody": {"content": {media: {"schema": schema} | more}}}


def answer(schema, status="200"):
    return {"operationId": "op", "responses": {
        status: {"content": {"application/json": {"schema": schema}}}}}


def test_row_15_query_parameter():
    tool = only({"parameters": [{"name": "limit", "in": "query", "schema": {"type": "integer"}}]})
    assert tool.parameters["limit"] == {
        "description": "", "required": False, "location": "query", "type": "integer"}


def test_row_16_path_parameter():
    tool = only({"parameters": [{"name": "id", "in": "path", "required": True,
                                 "schema": {"type": "string"}}]}, path="/items/{id}")
    assert (tool.parameters["id"]["location"], tool.parameters["id"]["required"]) == ("path", True)


def test_row_17_json_body():
    tool = only(body({"type": "object", "required": ["name", "email"], "properties": {
        "name": {"type": "string"}, "email": {"type": "string"}}}), "post")
    assert {n: (i["location"], i["required"]) for n, i in tool.parameters.items()} == {
        "name": ("body", True), "email": ("body", True)}


@pytest.mark.parametrize("status,kind", [("200", "array"), ("201", "object")])
def test_row_18_response(status, kind):
    assert only(answer({"type": kind}, status)).response_schema["type"] == kind


def test_row_19_summary_wins():
    assert only({"summary": "short", "description": "long"}).description == "short"
    assert only({"description": "long"}).description == "long"
    assert only({}).description == "No description provided"


def test_row_20_references_are_replaced():
    schemas = {"Queue": {"type": "object", "properties": {"sid": {"type": "string"}}}}
    tool = only(answer({"$ref": "#/components/schemas/Queue"}), components={"schemas": schemas})
    assert tool.response_schema == schemas["Queue"]


def test_row_21_circle():
    schemas = {"Node": {"type": "object", "properties": {
        "children": {"type": "array", "items": {"$ref": "#/components/schemas/Node"}}}}}
    tool = only(answer({"$ref": "#/components/schemas/Node"}), components={"schemas": schemas})
    items = tool.response_schema["properties"]["children"]["items"]
    assert items["description"] == "Circular reference"


def test_row_22_any_of():
    plain = {"anyOf": [{"type": "string"}, {"type": "integer"}]}
    assert only(answer(plain)).response_schema == plain
    refs = {"anyOf": [{"$ref": f"#/components/schemas/{name}"} for name in "ABC"]}
    schemas = {name: {"type": "object"} for name in "ABC"}
    assert only(answer(refs), components={"schemas": schemas}).response_schema == refs


def test_row_23_override_wins():
    assert discovery.parse(openapi({}), base_url="https://b").base_url == "https://b"


def test_row_24_first_server():
    assert discovery.parse(openapi({})).base_url == "https://api.example.com"


@pytest.mark.parametrize("server,url", [
    ({"url": "/v2"}, "https://h.example/v2"),
    ({"url": "https://{r}.example.com", "variables": {"r": {"default": "eu"}}},
     "https://eu.example.com"),
    (None, "https://h.example/"),
])
def test_server_variables_and_relative_servers(server, url):
    spec = openapi({}, servers=[server] if server else [])
    assert discovery.parse(spec, "https://h.example/spec/openapi.json").base_url == url


@pytest.mark.parametrize("more,url", [
    ({"host": "api.example.com", "basePath": "/v1", "schemes": ["https"]},
     "https://api.example.com/v1"),
    ({"host": "h", "schemes": ["http", "https"]}, "http://h"),
    ({"host": "h"}, "https://h"),
])
def test_rows_25_and_26_swagger_2(more, url):
    spec = {"swagger": "2.0", "info": {"title": "T"}, "paths": {}} | more
    assert discovery.parse(spec).base_url == url


def test_row_27_swagger_2_body():
    schema = {"type": "object", "required": ["name"], "properties": {
        "name": {"type": "string"}, "age": {"type": "integer"}}}
    operation = {"parameters": [{"name": "body", "in": "body", "required": True, "schema": schema},
                                {"name": "page", "in": "query", "type": "integer"}]}
    spec = {"swagger": "2.0", "info": {}, "host": "h", "paths": {"/x": {"post": operation}}}
    [tool] = discovery.parse(spec).tools
    got = {n: (i["location"], i["type"], i["required"]) for n, i in tool.parameters.items()}
    assert got == {"name": ("body", "string", True), "age": ("body", "integer", False),
                   "page": ("query", "integer", False)}


def test_row_28_versions():
    assert spec_version({"swagger": "2.0"}) == "swagger_2"
    assert spec_version({"openapi": "3.0.0"}) == "openapi_3.0"
    assert spec_version({"openapi": "3.1.0"}) == "openapi_3.1"
    for wrong in ({"swagger": "1.2"}, {"openapi": "4.0"}, {}):
        with pytest.raises(SchemaDiscoveryError):
            spec_version(wrong)


def test_row_29_files(tmp_path, monkeypatch):
    spec = openapi({"/a": {"get": {}}})
    path = tmp_path / "spec.json"
    path.write_text(json.dumps(spec))
    monkeypatch.chdir(tmp_path)
    own = OCPSchemaDiscovery()
    for source in (str(path), "spec.json", path.as_uri()):
        assert [t.name for t in own.discover_api(source).tools] == ["getA"]
    assert len(own.cached_specs) == 1
    (tmp_path / "spec.yaml").write_text(textwrap.dedent("""
        openapi: 3.0.0
        info: {title: Y, version: "2"}
        paths: {/b: {get: {}}}
    """))
    assert [t.name for t in own.discover_api("spec.yaml").tools] == ["getB"]


@pytest.mark.parametrize("name,text,said", [
    ("none.json", None, ["File not found"]),
    ("spec.txt", "x", ["Unsupported file format: .txt",
                       "Supported formats: .json, .yaml, .yml"]),
    ("bad.json", "{", ["Invalid JSON"]),
    ("bad.yaml", "a: [", ["Invalid YAML"]),
    ("list.json", "[]", ["not an object"]),
])
def test_row_30_files_that_cannot_be_read(tmp_path, name, text, said):
    if text is not None:
        (tmp_path / name).write_text(text)
    with pytest.raises(SchemaDiscoveryError) as caught:
        discovery.discover_api(str(tmp_path / name))
    assert all(part in str(caught.value) for part in said)


REPOS = ["/repos/{o}/{r}", "/user/repos", "/repos/{o}/{r}/issues", "/orgs/{org}/members"]
CHAT = ["/conversations.replies", "/conversations.history", "/chat.postMessage"]
V1 = ["/v1/payments", "/v1/charges", "/v2/payments"]
PAY = ["/payments", "/payment_methods", "/payment_intents"]


@pytest.mark.parametrize("row,paths,words,prefix,count", [
    (31, REPOS, ["repos"], None, 2),
    (32, REPOS, ["REPOS", "Orgs"], None, 3),
    (32, REPOS, ["payments"], None, 0),
    (32, REPOS, [], None, 4),
    (32, REPOS, None, None, 4),
    (33, PAY, ["payment"], None, 0),
    (33, PAY, ["payments"], None, 1),
    (34, CHAT, ["conversations"], None, 2),
    (35, V1, ["payments"], "/v1", 1),
    (35, V1, ["payments"], None, 0),
])
def test_rows_31_to_35_filter(row, paths, words, prefix, count):
    spec = openapi({path: {"get": {}} for path in paths})
    tools = discovery.parse(spec, include_resources=words, path_prefix=prefix).tools
    assert len(tools) == count


def test_row_36_search():
    api = discovery.parse(openapi({
        "/u": {"get": {"operationId": "listUsers", "summary": "List users"},
               "post": {"operationId": "createUser", "summary": "Create a user"}},
        "/o": {"get": {"operationId": "listOrders", "summary": "List orders"}}}))
    found = {query: len(discovery.search_tools(api, query))
             for query in ("user", "create", "nonexistent", "USER create")}
    assert found == {"user": 2, "create": 1, "nonexistent": 0, "USER create": 1}


def test_row_37_documentation():
    tool = OCPTool("makeIt", "Makes it", "POST", "/it", {
        "a": {"description": "first", "required": True, "location": "path", "type": "string"},
        "b": {"description": "", "required": True, "location": "body", "type": "string"},
        "c": {"description": "", "required": False, "location": "query", "type": "string"}},
        tags=["x", "y"])
    assert discovery.generate_tool_documentation(tool) == (
        "## makeIt\n**Method:** POST\n**Path:** /it\n**Description:** Makes it\n\n"
        "### Parameters:\n- **a** (required) [path]: first\n- **b** (required) [body]: \n"
        "- **c** (optional) [query]: \n\n**Tags:** x, y\n")


def test_form_bodies_are_understood():
    properties = {"settings": {"type": "object", "description": "How."},
                  "expand": {"type": "array", "items": {"type": "string"}}}
    tool = only(body({"properties": properties}, "application/x-www-form-urlencoded",
                     encoding={"expand": {"style": "deepObject", "explode": True}}), "post")
    assert {n: (i["location"], i["type"]) for n, i in tool.parameters.items()} == {
        "settings": ("body", "object"), "expand": ("body", "array")}
    assert tool.wire["body"] == "form"
    assert tool.wire["styles"] == {"expand": {"style": "deepObject", "explode": True}}


def test_json_is_preferred_and_may_have_a_charset():
    both = {"requestBody": {"content": {
        "application/x-www-form-urlencoded": {"schema": {"properties": {"a": {}}}},
        "application/json; charset=utf-8": {"schema": {"properties": {"a": {}}}}}}}
    assert only(both, "post").wire["body"] == "json"


def test_parameters_of_the_path_and_references():
    shared = {"name": "org", "in": "path", "required": True, "schema": {"type": "string"}}
    item = {
        "parameters": [{"$ref": "#/components/parameters/Org"},
                       {"name": "v", "in": "query", "schema": {"type": "string"}}],
        "get": {"parameters": [{"name": "v", "in": "query", "schema": {"type": "integer"}}]}}
    spec = openapi({"/orgs/{org}": item}, components={"parameters": {"Org": shared}})
    [tool] = discovery.parse(spec).tools
    assert {n: (i["location"], i["type"]) for n, i in tool.parameters.items()} == {
        "org": ("path", "string"), "v": ("query", "integer")}


def test_composed_and_referenced_bodies():
    components = {
        "requestBodies": {"B": {"content": {"application/json": {"schema": {"allOf": [
            {"$ref": "#/components/schemas/Base"},
            {"type": "object", "required": ["b"], "properties": {"b": {"type": "integer"}}}]}}}}},
        "schemas": {"Base": {"type": "object", "required": ["a"],
                             "properties": {"a": {"type": "string"}}}}}
    tool = only({"requestBody": {"$ref": "#/components/requestBodies/B"}}, "post",
                components=components)
    assert {n: (i["type"], i["required"]) for n, i in tool.parameters.items()} == {
        "a": ("string", True), "b": ("integer", True)}


def test_alternatives_require_only_what_all_require():
    schema = {"oneOf": [
        {"type": "object", "required": ["k", "a"], "properties": {"k": {}, "a": {}}},
        {"type": "object", "required": ["k", "b"], "properties": {"k": {}, "b": {}}}]}
    tool = only(body(schema), "post")
    assert {n: i["required"] for n, i in tool.parameters.items()} == {
        "k": True, "a": False, "b": False}


def test_a_name_of_both_path_and_body_can_be_said_twice():
    operation = body({"type": "object", "properties": {"id": {"type": "string"}}})
    operation["parameters"] = [{"name": "id", "in": "path", "required": True,
                                "schema": {"type": "string"}}]
    tool = only(operation, "put", "/x/{id}")
    assert {n: i["location"] for n, i in tool.parameters.items()} == {
        "id": "path", "body_id": "body"}


def test_an_array_body_is_a_parameter():
    tool = only(body({"type": "array", "items": {"type": "string"}}), "post")
    assert tool.parameters["body"]["type"] == "array" and tool.wire["body"] == "whole"


def test_types_of_3_1():
    tool = only({"parameters": [
        {"name": "n", "in": "query", "schema": {"type": ["integer", "null"]}}]})
    assert tool.parameters["n"]["type"] == "integer"


def test_escaped_references_and_depth():
    spec = openapi({"/x": {"get": answer({"$ref": "#/components/schemas/a~1b%20c"})}},
                   components={"schemas": {"a/b c": {"type": "string"}}})
    assert discovery.parse(spec).tools[0].response_schema == {"type": "string"}
    deep = {"type": "string"}
    for _ in range(200):
        deep = {"items": deep}
    with pytest.raises(SchemaDiscoveryError, match="more than 100 deep"):
        only(answer(deep))


def test_a_reference_to_itself_ends():
    spec = openapi({"/x": {"get": answer({"$ref": "#/components/schemas/A"})}},
                   components={"schemas": {"A": {"$ref": "#/components/schemas/A"}}})
    [tool] = discovery.parse(spec).tools
    assert tool.response_schema["description"] == "Circular reference"
    with pytest.raises(SchemaDiscoveryError, match="leads on"):
        only({"parameters": [{"$ref": "#/components/parameters/P"}]},
             components={"parameters": {"P": {"$ref": "#/components/parameters/P"}}})


def test_the_seed_tools_come_out_as_the_seeds_have_them():
    """From operations like those of the seeds: names, parameters, answers, ids."""
    paths = {}
    for seed in SEED_TOOLS:
        parameters = [
            {"name": name, "in": info["location"], "required": info["required"],
             "description": info["description"], "schema": {"type": info["type"]}}
            for name, info in seed["parameters"].items()]
        paths[seed["path"]] = {seed["method"].lower(): {
            "operationId": seed["operation_id"], "summary": seed["description"],
            "parameters": parameters, **answer(seed["response_schema"])}
            | {"operationId": seed["operation_id"]}}
    made = [tool.to_dict() for tool in discovery.parse(openapi(paths)).tools]
    for tool in made:
        tool.pop("wire", None)
    assert made == SEED_TOOLS


def test_a_description_that_cannot_be_had(mock):
    mock.answers["GET /bad.json"] = Answer(data=b"<html>")
    mock.answers["GET /list.json"] = Answer(data=[])
    for path, said in (("none.json", "HTTP 404"), ("bad.json", "Invalid JSON"),
                       ("list.json", "not an object")):
        with pytest.raises(SchemaDiscoveryError, match=said):
            discovery.discover_api(f"{mock.url}/{path}")
