// Commands: changes of one key each, sent in frames over the feed, and their replies.
export {};
