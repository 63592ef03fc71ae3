//! A connection, used by one thread at a time, which waits for its answers.
//!
//! A lane drives its connection on its own thread: no other has to wake up. All others share one
//! thread that drives their connections, so that they can be used from anywhere. Statements are
//! prepared once for each connection.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::fmt::Write;
use std::future::Future;
use std::pin::pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;
use std::time::{Duration, Instant};

use futures_util::future::try_join_all;
use tokio::runtime::{Builder, Handle, Runtime};
use tokio_postgres::config::SslMode;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};
use tokio_postgres::{Client, Config, NoTls, Row as PgRow, Statement};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::address::{Address, CONNECT_TIMEOUT};
use super::rows::{Cells, insert};
use super::tls;
use crate::db::{Cell as Column, Db, Each, Row, Value};
use crate::error::{Result, StoreError};
use crate::tables::Table;

/// How much longer an answer may take than the server lets it.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long a transaction of ours may stand still: a server that froze keeps others out no longer.
const IDLE_MAX_MS: u64 = 4_000;
/// Rows of a scan that are in memory at once.
const SCAN_ROWS: usize = 1000;

/// Begins a transaction that sees everything as it is now, and changes nothing.
const SNAPSHOT: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

/// Turns off reading whole tables, where the database has such a setting, and compiling statements,
/// which takes longer than running them.
const BY_KEY: &str = "SELECT set_config(name, 'off', false) FROM pg_settings
    WHERE name IN ('enable_seqscan', 'jit')";

/// Who drives a connection.
enum Driver {
    /// Whoever uses it.
    Own(Runtime),
    /// The shared thread.
    Shared,
}

/// A connection.
pub(crate) struct PgDb {
    driver: Driver,
    client: Client,
    statements: RefCell<HashMap<String, Statement>>,
    scans: Cell<usize>,
    /// An answer did not come in time: none is waited for again.
    is_silent: Cell<bool>,
    /// A snapshot begins with the next query.
    begins: Cell<bool>,
    /// How long an answer may take: longer than the server lets it.
    patience: Option<Duration>,
}

/// A statement with its values, to be sent along with others.
pub(super) struct Ask<'a> {
    pub(super) sql: &'a str,
    pub(super) values: Vec<&'a (dyn ToSql + Sync)>,
    /// What is not needed is not sent, and answered with nothing.
    pub(super) is_needed: bool,
}

impl PgDb {
    /// Connects, for a lane: the connection belongs to the thread that uses it.
    pub(super) fn own(address: &Address) -> Result<PgDb> {
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|e| StoreError::Other(format!("no runtime: {e}")))?;
        let client = runtime.block_on(connect(address))?;
        PgDb::with(Driver::Own(runtime), client, address)
    }

    /// Connects, for everybody else.
    pub(super) fn shared(address: &Address) -> Result<PgDb> {
        let (copy, handle) = (address.clone(), shared_driver()?);
        let connecting = handle.spawn(async move { connect(&copy).await });
        let connected = wait(connecting, None).expect("without a limit there is an answer");
        let client = connected.map_err(|e| StoreError::Other(e.to_string()))??;
        PgDb::with(Driver::Shared, client, address)
    }

    fn with(driver: Driver, client: Client, address: &Address) -> Result<PgDb> {
        let (statements, scans) = (RefCell::default(), Cell::new(0));
        let timeout = address.statement_timeout;
        let patience = (!timeout.is_zero()).then_some(timeout + PATIENCE);
        let db = PgDb {
            driver,
            client,
            statements,
            scans,
            begins: Cell::new(false),
            is_silent: Cell::new(false),
            patience,
        };
        let (timeout, idle) = (timeout.as_millis(), patience.map_or(0, |_| IDLE_MAX_MS));
        // A commit that returned is on disk, whatever the server's own setting is.
        db.batch(&format!(
            "SET statement_timeout = {timeout};
             SET idle_in_transaction_session_timeout = {idle};
             SELECT set_config('synchronous_commit', 'on', false)
             WHERE current_setting('synchronous_commit') = 'off'"
        ))?;
        Ok(db)
    }

    /// Has the database look everything up by its key, as is meant. Left to itself it may plan a
    /// statement while a table is empty, and go on to read the whole of it when it is large.
    pub(super) fn by_key(self) -> Result<PgDb> {
        self.batch(BY_KEY)?;
        Ok(self)
    }

    /// Waits for something to be answered on this connection, but not for ever.
    fn wait<T>(
        &self,
        answer: impl Future<Output = std::result::Result<T, tokio_postgres::Error>>,
    ) -> Result<T> {
        let answered = match &self.driver {
            Driver::Own(runtime) => runtime.block_on(async {
                match self.patience {
                    Some(patience) => tokio::time::timeout(patience, answer).await.ok(),
                    None => Some(answer.await),
                }
            }),
            Driver::Shared => wait(answer, self.patience),
        };
        match answered {
            Some(answered) => Ok(answered?),
            None => {
                self.is_silent.set(true);
                Err(StoreError::Unreachable("no answer in time".into()))
            }
        }
    }

    fn statement(&self, sql: &str) -> Result<Statement> {
        if let Some(known) = self.statements.borrow().get(sql) {
            return Ok(known.clone());
        }
        let statement = self.wait(self.client.prepare(&dollars(sql)))?;
        self.statements.borrow_mut().insert(sql.to_owned(), statement.clone());
        Ok(statement)
    }

    /// Sends statements without waiting in between, after `first` where there is one; gives the
    /// rows of each and how many it touched.
    pub(super) fn together(
        &self,
        first: Option<&str>,
        asks: &[Ask<'_>],
    ) -> Result<Vec<(Vec<PgRow>, u64)>> {
        let statement = |ask: &Ask<'_>| ask.is_needed.then(|| self.statement(ask.sql)).transpose();
        let statements: Vec<_> = asks.iter().map(statement).collect::<Result<_>>()?;
        self.wait(async {
            let first = async {
                match first {
                    Some(sql) => self.client.batch_execute(sql).await,
                    None => Ok(()),
                }
            };
            // Futures send what they have to when they are asked for the first time, so they go
            // out in this order.
            let all = try_join_all(
                asks.iter()
                    .zip(&statements)
                    .map(|(ask, statement)| answer(&self.client, statement.as_ref(), &ask.values)),
            );
            let (began, answers) = futures_util::future::join(first, all).await;
            began.and(answers)
        })
    }

    /// Begins a snapshot with the next query, and sends both together.
    pub(super) fn begin_snapshot_later(&self) {
        self.begins.set(true);
    }

    /// Ends a snapshot, and does not wait for that.
    pub(super) fn end_snapshot(&self) {
        if !self.begins.replace(false) {
            // What is asked for once is sent; the answer is for nobody.
            let mut ending = pin!(self.client.batch_execute("COMMIT"));
            let _ = ending.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        }
    }

    fn query(&self, sql: &str, values: &[Value<'_>]) -> Result<Vec<PgRow>> {
        let statement = self.statement(sql)?;
        let values: Vec<&(dyn ToSql + Sync)> = values.iter().map(|value| value as _).collect();
        let query = self.client.query(&statement, &values);
        match self.begins.replace(false) {
            false => self.wait(query),
            true => self.wait(async {
                let begin = self.client.batch_execute(SNAPSHOT);
                let (began, rows) = futures_util::future::join(begin, query).await;
                began.and(rows)
            }),
        }
    }
}

async fn answer(
    client: &Client,
    statement: Option<&Statement>,
    values: &[&(dyn ToSql + Sync)],
) -> std::result::Result<(Vec<PgRow>, u64), tokio_postgres::Error> {
    let Some(statement) = statement else { return Ok((Vec::new(), 0)) };
    match statement.columns().is_empty() {
        true => Ok((Vec::new(), client.execute(statement, values).await?)),
        false => {
            let rows = client.query(statement, values).await?;
            let count = rows.len() as u64;
            Ok((rows, count))
        }
    }
}

impl Db for PgDb {
    fn each(&self, sql: &str, values: &[Value<'_>], each: Each<'_>) -> Result<()> {
        for row in self.query(sql, values)? {
            if !each(&row)? {
                break;
            }
        }
        Ok(())
    }

    fn scan(&self, sql: &str, each: Each<'_>) -> Result<()> {
        let name = format!("scan_{}", self.scans.replace(self.scans.get() + 1));
        self.batch(&format!("DECLARE {name} NO SCROLL CURSOR FOR {sql}"))?;
        let fetch = format!("FETCH FORWARD {SCAN_ROWS} FROM {name}");
        loop {
            let rows = self.wait(self.client.query(&fetch, &[]))?;
            for row in &rows {
                if !each(row)? {
                    return self.batch(&format!("CLOSE {name}"));
                }
            }
            if rows.len() < SCAN_ROWS {
                return self.batch(&format!("CLOSE {name}"));
            }
        }
    }

    fn execute(&self, sql: &str, values: &[Value<'_>]) -> Result<u64> {
        let statement = self.statement(sql)?;
        let values: Vec<&(dyn ToSql + Sync)> = values.iter().map(|value| value as _).collect();
        self.wait(self.client.execute(&statement, &values))
    }

    fn batch(&self, sql: &str) -> Result<()> {
        self.wait(self.client.batch_execute(sql))
    }

    fn insert_all(&self, table: &'static Table, rows: Vec<Vec<Value<'_>>>) -> Result<()> {
        let rows: Vec<&Cells<'_>> = rows.iter().collect();
        let (sql, arrays) = insert(table, &rows);
        let values = arrays.iter().map(|array| array.value()).collect();
        self.together(None, &[Ask { sql: &sql, values, is_needed: true }]).map(drop)
    }

    fn is_closed(&self) -> bool {
        self.is_silent.get() || self.client.is_closed()
    }

    fn begin_snapshot(&self) -> Result<()> {
        self.batch(SNAPSHOT)
    }

    fn json_text(&self, column: &str, field: &str) -> String {
        format!("(CAST({column} AS json) ->> '{field}')")
    }

    fn found_int(&self, column: &str, field: &str) -> String {
        // A cast to JSON would fail as a whole where one row holds none.
        format!("CAST(substring({column} FROM '\"{field}\":(-?[0-9]{{1,30}})') AS NUMERIC)")
    }

    fn contains(&self, column: &str, part: &str) -> String {
        format!("strpos({column}, {part}) > 0")
    }

    fn is_json(&self, _: &str) -> String {
        "true".to_owned()
    }
}

impl Row for PgRow {
    fn cell(&self, at: usize) -> Column<'_> {
        let Some(kind) = self.columns().get(at).map(|column| column.type_()) else {
            return Column::Odd("no column");
        };
        fn read<'a, T: FromSql<'a>>(row: &'a PgRow, at: usize) -> Option<Option<T>> {
            row.try_get(at).ok()
        }
        let found = match *kind {
            Type::INT8 => read(self, at).map(|it| it.map(Column::Int)),
            Type::INT4 => read::<i32>(self, at).map(|it| it.map(|it| Column::Int(it.into()))),
            Type::BOOL => read::<bool>(self, at).map(|it| it.map(|it| Column::Int(it.into()))),
            Type::TEXT | Type::VARCHAR | Type::NAME => {
                read(self, at).map(|it| it.map(Column::Text))
            }
            Type::BYTEA => read(self, at).map(|it| it.map(Column::Bytes)),
            _ => None,
        };
        match found {
            Some(Some(cell)) => cell,
            Some(None) => Column::Null,
            None => Column::Odd("something of another type"),
        }
    }
}

impl ToSql for Value<'_> {
    fn to_sql(
        &self,
        kind: &Type,
        out: &mut bytes::BytesMut,
    ) -> std::result::Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match self {
            Value::Null => Ok(IsNull::Yes),
            Value::Int(value) => match *kind {
                Type::INT4 => i32::try_from(*value)?.to_sql(kind, out),
                _ => value.to_sql(kind, out),
            },
            Value::Text(text) => text.to_sql(kind, out),
            Value::Bytes(bytes) => bytes.as_ref().to_sql(kind, out),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

/// `?1` is spelled `$1` here.
fn dollars(sql: &str) -> String {
    sql.replace('?', "$")
}

/// Connects to the first host that will have us.
async fn connect(address: &Address) -> Result<Client> {
    let mut failed = StoreError::Unreachable("no host is named".into());
    for host in &address.hosts {
        match tokio::time::timeout(CONNECT_TIMEOUT, connect_to(host, address)).await {
            Ok(Ok(client)) => return Ok(client),
            Ok(Err(error)) => failed = error,
            Err(_) => failed = StoreError::Unreachable("no answer in time".into()),
        }
    }
    Err(failed)
}

async fn connect_to(host: &Config, address: &Address) -> Result<Client> {
    match host.get_ssl_mode() {
        SslMode::Disable => {
            let (client, connection) = host.connect(NoTls).await?;
            drive(connection);
            Ok(client)
        }
        _ => {
            let tls = MakeRustlsConnect::new(tls::config(address)?);
            let (client, connection) = host.connect(tls).await?;
            drive(connection);
            Ok(client)
        }
    }
}

fn drive<E>(connection: impl Future<Output = std::result::Result<(), E>> + Send + 'static) {
    // An error shows at whoever uses the connection next.
    tokio::spawn(async move { drop(connection.await) });
}

/// The thread that drives connections for everybody who does not do so himself.
fn shared_driver() -> Result<&'static Handle> {
    static DRIVER: OnceLock<std::result::Result<Runtime, String>> = OnceLock::new();
    let made = DRIVER.get_or_init(|| {
        let mut builder = Builder::new_multi_thread();
        builder.worker_threads(1).thread_name("postgres").enable_all();
        builder.build().map_err(|e| e.to_string())
    });
    match made {
        Ok(runtime) => Ok(runtime.handle()),
        Err(why) => Err(StoreError::Other(format!("no thread can be started: {why}"))),
    }
}

/// Waits for something that other threads bring about, wherever one is; `None` where it takes
/// longer than this.
fn wait<T>(what: impl Future<Output = T>, patience: Option<Duration>) -> Option<T> {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let mut what = pin!(what);
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut context = Context::from_waker(&waker);
    let began = Instant::now();
    loop {
        if let Poll::Ready(done) = what.as_mut().poll(&mut context) {
            return Some(done);
        }
        match patience.map(|patience| patience.checked_sub(began.elapsed())) {
            None => std::thread::park(),
            Some(Some(left)) => std::thread::park_timeout(left),
            Some(None) => return None,
        }
    }
}

impl From<tokio_postgres::Error> for StoreError {
    fn from(error: tokio_postgres::Error) -> StoreError {
        let Some(code) = error.code() else {
            return StoreError::Unreachable(chain(&error));
        };
        let text = chain(&error);
        match code.code() {
            // The last two: others made the same table, or the same thing in it.
            "40001" | "40P01" | "23505" | "42P07" | "42710" => StoreError::Conflict(text),
            "25006" => StoreError::ReadOnly(text),
            "42501" => StoreError::ReadOnly(text),
            "53100" => StoreError::Full,
            // A lock was waited for too long, mostly.
            "57014" | "55P03" => StoreError::Locked(text),
            "57P01" | "57P02" | "57P03" | "57P05" | "25P03" => StoreError::Unreachable(text),
            "XX001" | "XX002" => StoreError::Corrupt(text),
            code if code.starts_with("08") || code.starts_with("53") => {
                StoreError::Unreachable(text)
            }
            code if code.starts_with("28") || code.starts_with("3D") => {
                StoreError::Unreachable(text)
            }
            code if code.starts_with("23") => StoreError::Constraint(text),
            code if code.starts_with("58") => StoreError::Disk(text),
            _ => StoreError::Other(text),
        }
    }
}

/// An error with what is behind it.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(behind) = source {
        let _ = write!(text, ": {behind}");
        source = behind.source();
    }
    text
}
