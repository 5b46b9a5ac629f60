-- Who is to hear of what whom plays. Names, not integers: a friend may be imported later, or never, and is no listener until then.
CREATE TABLE friendships (
    listener TEXT NOT NULL,
    friend   TEXT NOT NULL,
    PRIMARY KEY (listener, friend)
) WITHOUT ROWID;
-- To forget a listener whom others follow.
CREATE INDEX friendships_by_friend ON friendships (friend);
