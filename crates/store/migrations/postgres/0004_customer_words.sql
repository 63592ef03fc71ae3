-- The words by which customers are found: of names, e-mail addresses and descriptions. Words that a
-- customer does not have any more stay; whoever reads them looks at the customer as it is. Which
-- words a text has, the program says: it fills this with the words of the customers that are there.
-- Words are compared by their bytes, so that beginnings of words are a range on every server.
CREATE TABLE customer_word (
    world    BIGINT NOT NULL,
    word     TEXT   COLLATE "C" NOT NULL,
    customer BIGINT NOT NULL,
    PRIMARY KEY (world, word, customer)
);
