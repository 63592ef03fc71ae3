"""The text that the pages of the registry print, run unchanged."""

import pytest
from mock import SEED_TOOLS, Answer, header
from snippet import run_snippet

from ocp_agent import ValidationError


@pytest.fixture(autouse=True)
def stripe(serve, mock, monkeypatch):
    serve()
    monkeypatch.setenv("OCP_REGISTRY_URL", mock.url)
    monkeypatch.setenv("OCP_AUTH_STRIPE", "Bearer sk_test_1")


def test_as_printed(mock):
    mock.answers["GET /v1/balance"] = Answer(data={"object": "balance"})
    names = run_snippet("getBalance")
    assert names["result"].json() == {"object": "balance"}
    assert header(mock.only("/v1/balance"), "Authorization") == "Bearer sk_test_1"
    assert [tool.to_dict() for tool in names["agent"].list_tools()] == SEED_TOOLS


@pytest.mark.parametrize("name,missing", [
    ("postCustomersCustomerCashBalance", ["customer"]),
    ("getCustomersCustomerCashBalanceTransactionsTransaction", ["customer", "transaction"]),
])
def test_as_printed_says_what_to_add(mock, name, missing):
    with pytest.raises(ValidationError) as caught:
        run_snippet(name)
    for word in missing:
        assert f"Missing required parameter: {word}" in str(caught.value)
    assert [asked.path for asked in mock.asked] == ["/registry/stripe"]


def test_with_parameters(mock):
    path = "/v1/customers/cus_1/cash_balance"
    mock.answers[f"POST {path}"] = Answer(data={"object": "cash_balance"})
    names = run_snippet("postCustomersCustomerCashBalance", "'customer': 'cus_1'")
    assert names["result"].ok
    mock.answers[f"GET {path}_transactions/t_1"] = Answer(data={"id": "t_1"})
    names = run_snippet("getCustomersCustomerCashBalanceTransactionsTransaction",
                        "'customer': 'cus_1', 'transaction': 't_1', 'expand': ['x', 'y']")
    assert names["result"].json()["id"] == "t_1"
    assert mock.only(f"{path}_transactions/t_1").query == "expand=x&expand=y"
