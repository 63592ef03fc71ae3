-- The index of searches. A term says that an object has a value in a field: `field` is a resource
-- and a field, `value` a number or the hash of a text, so nothing can be read from it. Which terms
-- an object has, the program says: it fills both tables with what is there.
CREATE TABLE search_term (
    world  BIGINT NOT NULL,
    field  BIGINT NOT NULL,
    value  BIGINT NOT NULL,
    number BIGINT NOT NULL,
    PRIMARY KEY (world, field, value, number)
);

-- Texts of customers in small letters, for searches of parts of them.
CREATE TABLE search_text (
    world  BIGINT NOT NULL,
    number BIGINT NOT NULL,
    email  TEXT,
    name   TEXT,
    phone  TEXT,
    PRIMARY KEY (world, number)
);
