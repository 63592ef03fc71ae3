//! What SQLite is told of large tables, so that it reads lists along their indexes.
//!
//! Without numbers it takes a table for a small one: then it walks the primary key of a whole world
//! to find the few rows of a kind, which costs more the more there is. The numbers are the same for
//! every database, and so are its plans.

use crate::db::{Db, all, values};
use crate::error::Result;

/// For each index how many rows it has, and how many of them share a first column, the first two,
/// and so on. That of a primary key is called like its table.
const SIZES: [(&str, &str, &str); 19] = [
    ("balance_transaction", "balance_transaction", "1000000 1000000 1"),
    ("balance_transaction", "balance_transaction_by_currency", "1000000 1000000 10000 1"),
    ("balance_transaction", "balance_transaction_by_source", "1000000 1000000 2 1"),
    ("balance_transaction", "balance_transaction_by_type", "1000000 1000000 10000 1"),
    ("customer", "customer", "1000000 1000000 1"),
    ("customer", "customer_by_email", "1000000 1000000 2 1"),
    ("document", "document", "1000000 1000000 1"),
    ("document", "document_by_customer", "1000000 1000000 20 10 1"),
    ("document", "document_by_kind", "1000000 1000000 10000 1"),
    ("document", "document_by_parent", "1000000 1000000 2 2 1"),
    ("document", "document_endpoint", "10 10 1"),
    ("event", "event", "1000000 1000000 1"),
    ("event", "event_by_type", "1000000 1000000 10000 1"),
    ("request", "request", "1000000 1000000 1"),
    ("request", "request_by_context", "1000000 1000000 20 1"),
    ("request", "request_by_customer", "1000000 1000000 100 1"),
    ("request", "request_by_id", "1000000 1000000 1"),
    ("search_term", "search_term", "10000000 10000000 500000 2 1"),
    ("search_text", "search_text", "1000000 1000000 1"),
];

/// Tells a database, if it does not know. Connections that are opened afterwards plan by it.
pub(super) fn teach(db: &dyn Db) -> Result<()> {
    // Makes the table of such numbers, where there is none.
    let make = "ANALYZE sqlite_schema";
    let known = "SELECT name FROM sqlite_schema WHERE name = 'sqlite_stat1'";
    if all(db, known, &[], |_| Ok(()))?.is_empty() {
        db.batch(make)?;
    }
    let read = "SELECT tbl, idx, stat FROM sqlite_stat1 ORDER BY tbl, idx";
    let told = all(db, read, &[], |row| {
        Ok([0, 1, 2].map(|at| row.opt_text(at).ok().flatten().unwrap_or_default().to_owned()))
    })?;
    let is_told = told.iter().map(|[table, index, size]| (&**table, &**index, &**size)).eq(SIZES);
    if is_told {
        return Ok(());
    }
    db.batch("BEGIN IMMEDIATE; DELETE FROM sqlite_stat1")?;
    let insert = "INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES (?1, ?2, ?3)";
    let written = SIZES.iter().try_for_each(|(table, index, size)| {
        db.execute(insert, &values![*table, *index, *size]).map(drop)
    });
    db.batch(if written.is_ok() { "COMMIT" } else { "ROLLBACK" })?;
    written
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Location, Store};

    fn plan(db: &dyn Db, sql: &str) -> String {
        let given = (1..=5).filter(|at| sql.contains(&format!("?{at}"))).count();
        let values = values![1i64, 2i64, 3i64, 4i64, 5i64];
        let steps = all(db, &format!("EXPLAIN QUERY PLAN {sql}"), &values[..given], |row| {
            Ok(row.text(3)?.to_owned())
        });
        steps.unwrap().join("; ")
    }

    /// The conditions by which lists are read, and the index along which.
    #[test]
    fn lists_are_read_along_their_indexes() {
        let home = tempfile::tempdir().unwrap();
        let location = Location::File(home.path().join("purser.db"));
        for _ in 0..2 {
            let store = Store::open(&location, [7; 16]).unwrap();
            let db = store.connect().unwrap();
            for (table, condition, index) in [
                ("document", " AND kind = 'payout'", "document_by_kind"),
                ("document", " AND kind = ?5", "document_by_kind"),
                ("document", " AND kind = 'refund' AND data ->> 'x' = ?5", "document_by_kind"),
                (
                    "document",
                    " AND kind = 'refund' AND customer > 0 AND customer = ?5",
                    "document_by_customer",
                ),
                (
                    "document",
                    " AND kind = 'refund' AND parent IS NOT NULL AND parent = ?5",
                    "document_by_parent",
                ),
                ("event", " AND type = ?5", "event_by_type"),
                ("request", " AND context = ?5", "request_by_context"),
                ("request", " AND customer = ?5", "request_by_customer"),
                ("balance_transaction", " AND source = ?5", "balance_transaction_by_source"),
                ("balance_transaction", " AND type = ?5", "balance_transaction_by_type"),
                ("balance_transaction", " AND currency = ?5", "balance_transaction_by_currency"),
                ("customer", " AND deleted = 0 AND email = ?5", "customer_by_email"),
                ("document", "", "PRIMARY KEY"),
                ("event", "", "PRIMARY KEY"),
            ] {
                let window = "number > ?2 AND number < ?3";
                for order in ["ASC", "DESC"] {
                    let sql = format!(
                        "SELECT * FROM {table} WHERE world = ?1 AND {window}{condition}
                         ORDER BY number {order} LIMIT ?4"
                    );
                    let plan = plan(&*db, &sql);
                    assert!(plan.contains(&format!("{index} (world=?")), "{sql}: {plan}");
                    assert!(!plan.contains("TEMP B-TREE"), "{sql}: {plan}");
                }
            }
            let of_kind = "SELECT data FROM document WHERE world = ?1 AND kind = ?2
                           ORDER BY number DESC LIMIT ?3";
            assert!(plan(&*db, of_kind).contains("document_by_kind (world=? AND kind=?)"));
            let one = "SELECT data FROM document WHERE world = ?1 AND number = ?2";
            assert!(plan(&*db, one).contains("PRIMARY KEY (world=? AND number=?)"));
            let term = "SELECT d.number,
                            (SELECT t.number FROM search_term t WHERE t.world = ?1
                             AND t.field = ?4 AND t.value = ?5 AND t.number = d.number) IS NULL
                        FROM search_term d WHERE d.world = ?1 AND d.field = ?4 AND d.value = ?5
                        AND d.number > ?2 AND d.number < ?3 ORDER BY d.number DESC LIMIT 9";
            let found = plan(&*db, term);
            let along = "SEARCH d USING PRIMARY KEY (world=? AND field=? AND value=? AND number>?";
            let up = "SEARCH t USING PRIMARY KEY (world=? AND field=? AND value=? AND number=?)";
            assert!(found.starts_with(along) && found.contains(up), "{found}");
            assert!(!found.contains("TEMP B-TREE"), "{found}");
            let words = "SELECT c.data FROM customer_word w
                         JOIN customer c ON c.world = w.world AND c.number = w.customer
                         WHERE w.world = ?1 AND c.world = ?1 AND w.word = ?2
                         ORDER BY w.customer DESC LIMIT ?3";
            let found = plan(&*db, words);
            assert!(found.starts_with("SEARCH w USING PRIMARY KEY (world=? AND word=?"), "{found}");
        }
    }
}
