"""Rows 1 to 14 of the table of cases: how tools get their names."""

import json

import pytest
from mock import DATA, openapi

from ocp_agent import OCPSchemaDiscovery
from ocp_agent.names import did_you_mean, is_valid_name, normalize_name, tool_name

ROWS = {
    1: {"meta/root": "metaRoot", "users/list-followers": "usersListFollowers"},
    2: {"admin_apps_approve": "adminAppsApprove", "chat_post_message": "chatPostMessage",
        "users_list_all": "usersListAll"},
    3: {"FetchAccount": "fetchAccount",
        "ListAvailablePhoneNumberLocal": "listAvailablePhoneNumberLocal"},
    4: {"v2010/Accounts": "v2010Accounts", "api_v2_users": "apiV2Users",
        "get-v3-repos": "getV3Repos"},
    5: {"SMS/send": "smsSend", "api/HTTP_request": "apiHttpRequest", "get_API_key": "getApiKey"},
    6: {"delete_repos_issues_comments_id": "deleteReposIssuesCommentsId"},
    7: {"api//users": "apiUsers", "admin___apps": "adminApps", "repos---list": "reposList",
        "api./..users": "apiUsers"},
    8: {"": "", "A": "a", "USERS": "users", "///": "///", "___": "___"},
}


@pytest.mark.parametrize("row", ROWS)
def test_rows_1_to_8_name(row):
    assert {text: normalize_name(text) for text in ROWS[row]} == ROWS[row]


def test_row_9_valid_names():
    assert all(map(is_valid_name, ("metaRoot", "a", "test123", "getUserId")))


def test_row_10_invalid_names():
    assert not any(map(is_valid_name, ("", "///", "___", "123abc", "!@#")))


@pytest.mark.parametrize("method,path,name", [
    ("GET", "/users", "getUsers"),
    ("POST", "/users", "postUsers"),
    ("GET", "/users/{id}", "getUsersId"),
    ("GET", "/v1/customers/{customer}/cash_balance", "getV1CustomersCustomerCashBalance"),
    ("GET", "/", "get"),
    ("GET", "/{a}/{b}", "getAB"),
    ("POST", "/v1/x/{id}:cancel", "postV1XId:cancel"),
    ("GET", "/conversations.replies", "getConversationsReplies"),
    ("GET", "/api//double-slash", "getApiDoubleSlash"),
])
def test_row_11_fallback_from_method_and_path(method, path, name):
    assert tool_name(None, method, path) == name


def test_row_12_empty_operation_id_is_kept():
    spec = openapi({"/empty-operation-id": {"get": {"operationId": "", "responses": {}}}})
    [tool] = OCPSchemaDiscovery().parse(spec).tools
    assert (tool.name, tool.operation_id) == ("getEmptyOperationId", "")


def test_row_13_five_operations_are_five_tools():
    ids = ["a", "api-v1/users_list.all", "get_API_HTTP_URL", "123abc", "///"]
    spec = openapi({f"/p{i}": {"get": {"operationId": word}} for i, word in enumerate(ids)})
    names = [tool.name for tool in OCPSchemaDiscovery().parse(spec).tools]
    assert names == ["a", "apiV1UsersListAll", "getApiHttpUrl", "getP3", "getP4"]


def test_row_14_operation_id_is_kept():
    spec = openapi({"/": {"get": {"operationId": "meta/root"}}})
    [tool] = OCPSchemaDiscovery().parse(spec).tools
    assert (tool.name, tool.operation_id) == ("metaRoot", "meta/root")


def test_all_vectors_of_the_existing_agent():
    vectors = json.loads((DATA / "names_py.json").read_text())
    assert len(vectors) == 46
    got = {text: [normalize_name(text), is_valid_name(normalize_name(text))] for text in vectors}
    assert got == vectors


def test_did_you_mean():
    known = ["customer", "settings", "expand"]
    assert did_you_mean("custmer", known) == ". Did you mean: customer?"
    assert did_you_mean("Settings", known) == ". Did you mean: settings?"
    assert did_you_mean("zzz", known) == ""
