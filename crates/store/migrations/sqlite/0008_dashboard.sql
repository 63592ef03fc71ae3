-- People who sign in to the dashboard with a name and a password.
CREATE TABLE dashboard_user (
    name     TEXT    NOT NULL PRIMARY KEY,
    password TEXT    NOT NULL,
    role     TEXT    NOT NULL CHECK (role IN ('read-only', 'operator')),
    created  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Who is signed in. The hash of the token in the cookie leads here; `proof` is the hash of what
-- opened the session, so that it is worth nothing once that changed.
CREATE TABLE dashboard_session (
    token    BLOB    NOT NULL PRIMARY KEY CHECK (length(token) = 32),
    kind     TEXT    NOT NULL CHECK (kind IN ('user', 'key', 'sandbox')),
    holder   TEXT    NOT NULL,
    proof    BLOB    NOT NULL CHECK (length(proof) = 32),
    account  TEXT    NOT NULL,
    livemode INTEGER NOT NULL CHECK (livemode IN (0, 1)),
    created  INTEGER NOT NULL,
    expires  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX dashboard_session_by_holder ON dashboard_session (kind, holder, created);
CREATE INDEX dashboard_session_by_end ON dashboard_session (expires);
