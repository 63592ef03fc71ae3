//! Where a PostgreSQL database is, and how long to wait for it.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use percent_encoding::percent_decode_str;
use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode};

/// How long it may take until a host is connected to.
pub(super) const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// Seconds after which a connection that says nothing is asked whether it is there.
const KEEPALIVE_IDLE: Duration = Duration::from_secs(5);
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(2);
const KEEPALIVE_RETRIES: u32 = 3;
/// How long what was sent may stay unacknowledged.
const UNACKNOWLEDGED_MAX: Duration = Duration::from_secs(10);

/// A database, as a URL gives it, with what flags say of it.
#[derive(Clone, PartialEq, Eq)]
pub struct Address {
    /// One for each host that the URL names, in its order.
    pub(super) hosts: Vec<Config>,
    /// A file with certificates, in PEM, that sign the server's: `sslrootcert` in the URL. Without
    /// it those that the system trusts.
    pub(super) ca: Option<PathBuf>,
    /// Connections that read.
    pub connections: usize,
    /// Lanes: threads that write, each with a connection.
    pub lanes: usize,
    /// What a statement may take.
    pub statement_timeout: Duration,
}

impl Address {
    /// Lanes unless somebody says otherwise. On a small machine two were faster than one and than
    /// four.
    pub const LANES: usize = 2;
    /// Connections that read, unless somebody says otherwise.
    pub const CONNECTIONS: usize = 8;
    /// What a statement may take, unless somebody says otherwise.
    pub const STATEMENT_TIMEOUT_MS: u64 = 10_000;
}

impl FromStr for Address {
    type Err = String;

    fn from_str(url: &str) -> Result<Address, String> {
        // The URL may hold a password, so it is never shown.
        let (url, ca) = without_ca(url);
        let hosts = host_by_host(&url).iter().map(|url| config(url)).collect::<Result<_, _>>()?;
        Ok(Address {
            hosts,
            ca,
            connections: Address::CONNECTIONS,
            lanes: Address::LANES,
            statement_timeout: Duration::from_millis(Address::STATEMENT_TIMEOUT_MS),
        })
    }
}

/// How to connect to one host.
fn config(url: &str) -> Result<Config, String> {
    let mut config: Config =
        url.parse().map_err(|why| format!("this is no URL of a PostgreSQL database: {why}"))?;
    if config.get_dbname().is_none() {
        return Err("the URL of a PostgreSQL database ends with the database's name".into());
    }
    let near = |host: &Host| match host {
        Host::Unix(_) => true,
        Host::Tcp(name) => ["localhost", "127.0.0.1", "::1"].contains(&name.as_str()),
    };
    // On one's own machine there is nobody to hide from, and rarely a certificate that holds.
    // Anywhere else, what can be left out can be left out by somebody in between.
    if config.get_ssl_mode() == SslMode::Prefer {
        let is_near = config.get_hosts().iter().all(near);
        config.ssl_mode(if is_near { SslMode::Disable } else { SslMode::Require });
    }
    config.connect_timeout(CONNECT_TIMEOUT);
    config.keepalives_idle(KEEPALIVE_IDLE);
    config.keepalives_interval(KEEPALIVE_INTERVAL);
    config.keepalives_retries(KEEPALIVE_RETRIES);
    config.tcp_user_timeout(UNACKNOWLEDGED_MAX);
    if config.get_application_name().is_none() {
        config.application_name("purser");
    }
    Ok(config)
}

/// The same URL for each of the hosts that it names: the driver would give them one limit of time
/// together, and a host that says nothing would use it up.
fn host_by_host(url: &str) -> Vec<String> {
    let whole = || vec![url.to_owned()];
    let Some((scheme, rest)) = url.split_once("://") else { return whole() };
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let (user, hosts) = authority.rsplit_once('@').map_or(("", authority), |(u, h)| (u, h));
    let at = if user.is_empty() { "" } else { "@" };
    hosts.split(',').map(|host| format!("{scheme}://{user}{at}{host}{path}")).collect()
}

/// Takes `sslrootcert`, which the driver does not know, out of a URL.
fn without_ca(url: &str) -> (String, Option<PathBuf>) {
    let Some((before, query)) = url.split_once('?') else { return (url.to_owned(), None) };
    let is_ca = |part: &&str| part.starts_with("sslrootcert=");
    let (ca, rest): (Vec<&str>, Vec<&str>) = query.split('&').partition(is_ca);
    let path = ca.first().and_then(|part| part.split_once('='));
    let decoded = path.map(|(_, path)| percent_decode_str(path).decode_utf8_lossy().into_owned());
    (format!("{before}?{}", rest.join("&")), decoded.map(PathBuf::from))
}

/// Without the password.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("postgres://")?;
        let first = &self.hosts[0];
        if let Some(user) = first.get_user() {
            write!(f, "{user}@")?;
        }
        for (at, config) in self.hosts.iter().enumerate() {
            f.write_str(if at > 0 { "," } else { "" })?;
            match config.get_hosts().first() {
                Some(Host::Tcp(name)) => f.write_str(name)?,
                Some(Host::Unix(path)) => write!(f, "{}", path.display())?,
                None => {}
            }
            if let Some(port) = config.get_ports().first() {
                write!(f, ":{port}")?;
            }
        }
        write!(f, "/{}", first.get_dbname().unwrap_or_default())
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_never_shown() {
        let check = |url: &str, shown: &str| {
            let address: Address = url.parse().unwrap();
            assert_eq!(address.to_string(), shown);
            assert_eq!(format!("{address:?}"), shown);
        };
        check(
            "postgres://ada:secret@db.example.com/purser",
            "postgres://ada@db.example.com:5432/purser",
        );
        check(
            "postgresql://ada:secret@one:5433,two:5434/purser?target_session_attrs=read-write",
            "postgres://ada@one:5433,two:5434/purser",
        );
        let address: Address =
            "postgres://db.example.com/a?sslrootcert=/etc/my%20ca.pem&user=ada".parse().unwrap();
        assert_eq!(address.ca, Some(PathBuf::from("/etc/my ca.pem")));
        assert_eq!(address.hosts[0].get_ssl_mode(), SslMode::Require);
        for bad in ["postgres://", "postgres://localhost", "postgres://localhost/a?nonsense=1"] {
            let why = bad.parse::<Address>().unwrap_err();
            assert!(!why.contains("secret"), "{why}");
        }
    }
}
