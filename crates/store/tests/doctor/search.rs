//! Tampering with the index of searches.

use crate::life::lived;
use crate::{Case, SEARCHED, check_on};

const INDEX: &[Case] = &[
    (
        "a term that is gone",
        "DELETE FROM search_term WHERE number = (SELECT min(number) FROM search_term)",
        SEARCHED,
    ),
    ("an index that is gone", "DELETE FROM search_term; DELETE FROM search_text", SEARCHED),
    (
        "a term that was made up",
        "INSERT INTO search_term SELECT world, field, value + 1, number FROM search_term
             WHERE number = (SELECT max(number) FROM search_term)",
        SEARCHED,
    ),
    (
        "a term of nobody",
        "INSERT INTO search_term SELECT world, field, value, 7 FROM search_term
             WHERE number = (SELECT max(number) FROM search_term)",
        SEARCHED,
    ),
    ("another world", "UPDATE search_term SET world = 99", SEARCHED),
    ("another field", "UPDATE search_term SET field = field + 1000", SEARCHED),
    (
        "terms of each other",
        "UPDATE search_term SET number = CASE number
             WHEN (SELECT min(number) FROM search_term) THEN (SELECT max(number) FROM search_term)
             ELSE number END",
        SEARCHED,
    ),
    ("a text that is gone", "DELETE FROM search_text", SEARCHED),
    ("another text", "UPDATE search_text SET email = 'eve@example.com'", SEARCHED),
    ("a text more", "UPDATE search_text SET name = 'eve'", SEARCHED),
    (
        "a text of nobody",
        "INSERT INTO search_text (world, number, email) VALUES (1, 7, 'eve@example.com')",
        SEARCHED,
    ),
];

#[test]
fn the_index_of_searches() {
    check_on(lived(), INDEX);
}
