"""What the server says of itself and of its tools."""

import jsonschema
import pytest
from connection import Connection, all_tools, text_of

READS = ("getBalance", "getCustomersCustomerCashBalance",
         "getCustomersCustomerCashBalanceTransactionsTransaction")
WRITES = ("postCustomers", "postCustomersCustomerCashBalance",
          "postTestHelpersCustomersCustomerFundCashBalance", "postRefunds")
TOOL_MAX = 200


def test_initialize(connection):
    async def hello(client):
        return client.server_info, client.server_capabilities, client.protocol_version

    info, capabilities, version = connection.run(hello)
    assert info.name == "purser" and info.version
    assert capabilities.tools is not None
    # The newer client finds out what the server speaks; the older one shakes hands.
    assert version >= ("2025-03-26" if connection.mode == "legacy" else "2025-06-18")


def test_all_tools_have_names_and_descriptions(connection):
    listed = connection.run(all_tools)
    names = [tool.name for tool in listed]
    assert len(names) == len(set(names)) <= TOOL_MAX
    assert set(READS + WRITES) <= set(names)
    for tool in listed:
        assert tool.description and tool.name[0].islower(), tool.name


def test_the_list_is_the_same_each_time(connection):
    assert list(connection.tools()) == list(connection.tools())


def test_every_way_has_the_same_tools(server):
    with Connection(server.url, "http", "legacy") as over_http:
        with Connection(server.url, "stdio", "legacy") as over_stdio:
            assert over_http.tools() == over_stdio.tools()


def test_schemas_are_json_schema(connection):
    for tool in connection.tools().values():
        for schema in (tool.input_schema, tool.output_schema):
            assert isinstance(schema, dict), tool.name
            jsonschema.Draft202012Validator.check_schema(schema)
            assert schema["type"] == "object", tool.name


def test_inputs_are_closed_and_described(connection):
    tools = connection.tools()
    for tool in tools.values():
        assert tool.input_schema["additionalProperties"] is False, tool.name
    transaction = tools["getCustomersCustomerCashBalanceTransactionsTransaction"].input_schema
    assert set(transaction["required"]) == {"customer", "transaction"}
    assert {"customer", "transaction", "expand"} <= set(transaction["properties"])
    settings = tools["postCustomersCustomerCashBalance"].input_schema
    assert settings["required"] == ["customer"]
    assert {"settings", "expand", "customer"} <= set(settings["properties"])


def test_writes_take_a_key_and_a_dry_run(connection):
    tools = connection.tools()
    for name in WRITES:
        properties = tools[name].input_schema["properties"]
        assert properties["idempotency_key"]["type"] == "string", name
        assert properties["dry_run"]["type"] == "boolean", name
        required = tools[name].input_schema.get("required", [])
        assert not {"idempotency_key", "dry_run"} & set(required), name
    for name in READS:
        assert not {"idempotency_key", "dry_run"} & set(tools[name].input_schema["properties"])


def test_hints_on_every_tool(connection):
    for name, tool in connection.tools().items():
        hints = tool.annotations
        assert hints is not None, name
        told = (hints.read_only_hint, hints.destructive_hint, hints.idempotent_hint)
        if name.startswith("get"):
            assert hints.read_only_hint is True, name
            assert hints.destructive_hint in (None, False), name
        else:
            assert hints.read_only_hint is False and None not in told, name
        if name.startswith("delete"):
            assert hints.destructive_hint is True, name


@pytest.mark.parametrize("key", ["", "nonsense"])
def test_without_a_key_nothing_is_told(server, key):
    """Whether the connection or the call is refused, no balance comes back."""
    try:
        with Connection(server.url, "http", "legacy", key) as stranger:
            result = stranger.call("getBalance")
    except Exception as error:
        assert "available" not in str(error)
    else:
        assert result.is_error and "available" not in text_of(result)
