-- The words by which customers are found: of names, e-mail addresses and descriptions. Words that a
-- customer does not have any more stay; whoever reads them looks at the customer as it is. Which
-- words a text has, the program says: it fills this with the words of the customers that are there.
CREATE TABLE customer_word (
    world    INTEGER NOT NULL,
    word     TEXT    NOT NULL,
    customer INTEGER NOT NULL,
    PRIMARY KEY (world, word, customer)
) STRICT, WITHOUT ROWID;
