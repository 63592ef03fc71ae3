//! Names of tools: rows 1 to 14 of the cases that the first agents' suites share, and 46 names
//! that the first agent in Python was asked for.

use ocp_agent::name::{fallback, normalize, of_operation, valid};

#[test]
fn every_name_is_that_of_the_first_agents() {
    let vectors: serde_json::Value =
        serde_json::from_str(include_str!("data/names_py.json")).unwrap();
    let vectors = vectors.as_object().unwrap();
    assert_eq!(vectors.len(), 46);
    for (text, expected) in vectors {
        let name = normalize(text);
        assert_eq!(name, expected[0].as_str().unwrap(), "{text:?}");
        assert_eq!(valid(&name), expected[1].as_bool().unwrap(), "{text:?}");
    }
}

#[test]
fn names_are_normalized() {
    let rows: &[(u8, &str, &str)] = &[
        (1, "meta/root", "metaRoot"),
        (1, "users/list-followers", "usersListFollowers"),
        (2, "admin_apps_approve", "adminAppsApprove"),
        (2, "chat_post_message", "chatPostMessage"),
        (2, "users_list_all", "usersListAll"),
        (3, "FetchAccount", "fetchAccount"),
        (3, "ListAvailablePhoneNumberLocal", "listAvailablePhoneNumberLocal"),
        (4, "v2010/Accounts", "v2010Accounts"),
        (4, "api_v2_users", "apiV2Users"),
        (4, "get-v3-repos", "getV3Repos"),
        (5, "SMS/send", "smsSend"),
        (5, "api/HTTP_request", "apiHttpRequest"),
        (5, "get_API_key", "getApiKey"),
        (6, "delete_repos_issues_comments_id", "deleteReposIssuesCommentsId"),
        (7, "api//users", "apiUsers"),
        (7, "admin___apps", "adminApps"),
        (7, "repos---list", "reposList"),
        (7, "api./..users", "apiUsers"),
        (8, "", ""),
        (8, "A", "a"),
        (8, "USERS", "users"),
        (8, "///", "///"),
        (8, "___", "___"),
        (13, "a", "a"),
        (13, "api-v1/users_list.all", "apiV1UsersListAll"),
        (13, "get_API_HTTP_URL", "getApiHttpUrl"),
    ];
    for (row, text, expected) in rows {
        assert_eq!(normalize(text), *expected, "row {row}: {text:?}");
    }
}

#[test]
fn a_name_begins_with_a_letter() {
    for name in ["metaRoot", "a", "test123", "getUserId"] {
        assert!(valid(name), "row 9: {name}");
    }
    for name in ["", "///", "___", "123abc", "!@#"] {
        assert!(!valid(name), "row 10: {name}");
    }
}

#[test]
fn an_operation_without_a_usable_id_is_named_by_its_path() {
    let rows: &[(&str, &str, &str)] = &[
        ("GET", "/users", "getUsers"),
        ("POST", "/users", "postUsers"),
        ("GET", "/users/{id}", "getUsersId"),
        ("GET", "/items", "getItems"),
        ("DELETE", "/repos/{owner}/{repo}", "deleteReposOwnerRepo"),
        ("GET", "/v1/customers/{customer}/cash_balance", "getV1CustomersCustomerCashBalance"),
        ("GET", "/", "get"),
        ("GET", "/{a}/{b}", "getAB"),
        ("POST", "/v1/x/{id}:cancel", "postV1XId:cancel"),
        ("GET", "/conversations.replies", "getConversationsReplies"),
        ("GET", "/api//double-slash", "getApiDoubleSlash"),
    ];
    for (method, path, expected) in rows {
        assert_eq!(fallback(method, path), *expected, "row 11: {method} {path}");
    }
    let name = |id, method, path| of_operation(id, method, path).unwrap();
    assert_eq!(name(Some(""), "GET", "/empty-operation-id"), "getEmptyOperationId", "row 12");
    assert_eq!(name(Some("123abc"), "GET", "/123"), "get123");
    assert_eq!(name(Some("meta/root"), "GET", "/"), "metaRoot", "row 14");
    assert_eq!(name(Some("///"), "GET", "/a"), "getA");
}
