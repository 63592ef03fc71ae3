-- The index of searches. A term says that an object has a value in a field: `field` is a resource
-- and a field, `value` a number or the hash of a text, so nothing can be read from it. Rows of a
-- value lie together, the newest last. Which terms an object has, the program says: it fills both
-- tables with what is there.
CREATE TABLE search_term (
    world  INTEGER NOT NULL,
    field  INTEGER NOT NULL,
    value  INTEGER NOT NULL,
    number INTEGER NOT NULL,
    PRIMARY KEY (world, field, value, number)
) STRICT, WITHOUT ROWID;

-- Texts of customers in small letters, for searches of parts of them.
CREATE TABLE search_text (
    world  INTEGER NOT NULL,
    number INTEGER NOT NULL,
    email  TEXT,
    name   TEXT,
    phone  TEXT,
    PRIMARY KEY (world, number)
) STRICT, WITHOUT ROWID;
