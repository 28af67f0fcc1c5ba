-- Stock and reservations, both logged. Pages of `stock` are nearly empty: `available` stands in no index, so that a new
-- version of a row finds room on its page and no index is touched (a HOT update), and dead versions are cut away in
-- passing, without a vacuum.
CREATE TABLE stock (
  sku text COLLATE "C" NOT NULL,
  location text COLLATE "C" NOT NULL,
  available bigint NOT NULL CHECK (available >= 0),
  PRIMARY KEY (sku, location)
) WITH (fillfactor = 10);

CREATE TABLE reservation (
  id uuid PRIMARY KEY,
  sku text COLLATE "C" NOT NULL,
  location text COLLATE "C" NOT NULL,
  quantity integer NOT NULL CHECK (quantity > 0),
  hold_seconds integer NOT NULL,
  deadline timestamptz NOT NULL,
  -- h held, c committed, f freed
  state "char" NOT NULL
);

-- Where a sweeper finds what has fallen due. Reservations come in nearly in the order of their deadlines: ranges of
-- blocks tell them apart as well as a tree does, and cost a reserve next to nothing.
CREATE INDEX reservation_deadline ON reservation USING brin (deadline) WITH (autosummarize = off);

-- Holds units under an id, once. Answers `left * 8 + code`: 0 done, 1 done before, 2 not enough, 3 the id was used for
-- something else; -1 where there is no such stock. The row of the stock is locked last, for as short as can be.
CREATE FUNCTION reserve(p_id uuid, p_sku text, p_location text, p_quantity integer, p_hold integer)
RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  v_left bigint;
  v_is_same boolean;
BEGIN
  -- Looked at without a lock: what is sold out is refused without waiting for anybody.
  SELECT available INTO v_left FROM stock WHERE sku = p_sku AND location = p_location;
  IF NOT FOUND THEN
    RETURN -1;
  END IF;
  IF v_left >= p_quantity THEN
    INSERT INTO reservation
    VALUES (p_id, p_sku, p_location, p_quantity, p_hold, now() + make_interval(secs => p_hold), 'h')
    ON CONFLICT DO NOTHING;
    IF FOUND THEN
      UPDATE stock SET available = available - p_quantity
      WHERE sku = p_sku AND location = p_location AND available >= p_quantity
      RETURNING available INTO v_left;
      IF FOUND THEN
        RETURN v_left * 8;
      END IF;
      DELETE FROM reservation WHERE id = p_id;
      SELECT available INTO v_left FROM stock WHERE sku = p_sku AND location = p_location;
      RETURN v_left * 8 + 2;
    END IF;
  END IF;
  SELECT (sku, location, quantity, hold_seconds) = (p_sku, p_location, p_quantity, p_hold)
  INTO v_is_same FROM reservation WHERE id = p_id;
  RETURN v_left * 8 + CASE WHEN NOT FOUND THEN 2 WHEN v_is_same THEN 1 ELSE 3 END;
END $$;

-- Commits (`c`) or frees (`f`) a whole hold, once. Answers as `reserve` does, and beside: 4 no such reservation, 5 its
-- deadline has passed, 6 it is in another state already.
CREATE FUNCTION settle(p_id uuid, p_state "char") RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  v_was reservation;
  v_left bigint;
  v_code integer := 0;
BEGIN
  UPDATE reservation SET state = p_state WHERE id = p_id AND state = 'h' AND deadline > now()
  RETURNING * INTO v_was;
  IF FOUND AND p_state = 'f' THEN
    UPDATE stock SET available = available + v_was.quantity
    WHERE sku = v_was.sku AND location = v_was.location
    RETURNING available INTO v_left;
    RETURN v_left * 8;
  ELSIF NOT FOUND THEN
    SELECT * INTO v_was FROM reservation WHERE id = p_id;
    IF NOT FOUND THEN
      RETURN 4;
    END IF;
    v_code := CASE v_was.state WHEN p_state THEN 1 WHEN 'h' THEN 5 ELSE 6 END;
  END IF;
  SELECT available INTO v_left FROM stock WHERE sku = v_was.sku AND location = v_was.location;
  RETURN v_left * 8 + v_code;
END $$;

-- Waits until everything that was committed before it, by anyone, is synced: an empty record of its own whose commit
-- waits, whatever the session is set to.
CREATE FUNCTION await_sync() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM set_config('synchronous_commit', 'on', true);
  PERFORM pg_logical_emit_message(true, '', '');
END $$;

-- As `reserve`, called where commits do not wait: frees the row of the stock before the sync, and answers after it.
CREATE PROCEDURE reserve_then_sync(
  p_id uuid, p_sku text, p_location text, p_quantity integer, p_hold integer, INOUT answer bigint
) LANGUAGE plpgsql AS $$
BEGIN
  answer := reserve(p_id, p_sku, p_location, p_quantity, p_hold);
  COMMIT;
  PERFORM set_config('synchronous_commit', 'on', true);
  PERFORM pg_logical_emit_message(true, '', '');
END $$;
