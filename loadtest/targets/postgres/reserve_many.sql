-- Holds units under many ids, each once, each decided as `reserve` would, in their order. `p_skus` and `p_locations`
-- name each stock once, in key order; `p_places` says for each id which of them it takes from, counted from 1. Answers
-- what is left of each stock after it (null where there is none) and a letter for each id: D done, R done before,
-- I not enough, X the id was used for something else, U no such stock. Ids are locked first and in their order, then
-- stock in key order, so that no two calls wait for each other.
CREATE FUNCTION reserve_many(
  p_skus text[], p_locations text[], p_ids uuid[], p_places integer[], p_quantities integer[], p_holds integer[],
  OUT lefts bigint[], OUT codes text
) LANGUAGE plpgsql
-- The order of the locks is that of the list: the list leads, and each stock is looked up by its key.
SET enable_hashjoin = off SET enable_mergejoin = off SET enable_seqscan = off AS $$
DECLARE
  v_units bigint[];
  v_count integer;
  v_fresh uuid[];
  v_refused uuid[] := '{}';
  v_codes text[] := '{}';
  v_left bigint;
  v_op record;
BEGIN
  SELECT array_agg(units ORDER BY place) INTO v_units
  FROM (SELECT place, sum(quantity) AS units FROM unnest(p_places, p_quantities) AS o(place, quantity) GROUP BY place) g;
  SELECT count(*) INTO v_count
  FROM unnest(p_skus, p_locations, v_units) AS k(sku, location, units)
  JOIN stock s ON s.sku = k.sku AND s.location = k.location AND s.available >= k.units;

  -- Nearly always everything is new and there is enough of it: one statement for all ids, one for all stocks.
  IF v_count = cardinality(p_skus) THEN
    BEGIN
      INSERT INTO reservation
      SELECT o.id, p_skus[o.place], p_locations[o.place], o.quantity, o.hold, now() + make_interval(secs => o.hold), 'h'
      FROM unnest(p_ids, p_places, p_quantities, p_holds) AS o(id, place, quantity, hold)
      ORDER BY o.id
      ON CONFLICT DO NOTHING;
      GET DIAGNOSTICS v_count = ROW_COUNT;
      IF v_count = cardinality(p_ids) THEN
        WITH moved AS (
          UPDATE stock s SET available = s.available - k.units
          FROM unnest(p_skus, p_locations, v_units) WITH ORDINALITY AS k(sku, location, units, place)
          WHERE s.sku = k.sku AND s.location = k.location AND s.available >= k.units
          RETURNING k.place, s.available
        )
        SELECT array_agg(available ORDER BY place) INTO lefts FROM moved;
        IF cardinality(lefts) = cardinality(p_skus) THEN
          codes := repeat('D', v_count);
          RETURN;
        END IF;
      END IF;
      RAISE EXCEPTION USING ERRCODE = 'SL001';
    EXCEPTION WHEN SQLSTATE 'SL001' THEN
      -- Undone; now one by one.
      NULL;
    END;
  END IF;

  -- One by one. Only what may be granted is put in, and only stock that may grant is locked.
  WITH added AS (
    INSERT INTO reservation
    SELECT o.id, s.sku, s.location, o.quantity, o.hold, now() + make_interval(secs => o.hold), 'h'
    FROM unnest(p_ids, p_places, p_quantities, p_holds) AS o(id, place, quantity, hold)
    JOIN stock s ON s.sku = p_skus[o.place] AND s.location = p_locations[o.place] AND s.available >= o.quantity
    ORDER BY o.id
    ON CONFLICT DO NOTHING
    RETURNING id
  )
  SELECT coalesce(array_agg(id), '{}') INTO v_fresh FROM added;
  SELECT array_agg(s.available ORDER BY k.place) INTO lefts
  FROM unnest(p_skus, p_locations) WITH ORDINALITY AS k(sku, location, place)
  LEFT JOIN stock s ON s.sku = k.sku AND s.location = k.location;
  FOR v_op IN
    SELECT DISTINCT o.place FROM unnest(p_ids, p_places) AS o(id, place) WHERE o.id = ANY (v_fresh) ORDER BY o.place
  LOOP
    SELECT available INTO v_left FROM stock
    WHERE sku = p_skus[v_op.place] AND location = p_locations[v_op.place] FOR UPDATE;
    lefts[v_op.place] := v_left;
  END LOOP;
  v_units := array_fill(0::bigint, ARRAY[cardinality(p_skus)]);
  FOR v_op IN
    SELECT o.id, o.place, o.quantity, r.id IS NOT NULL AS is_there, o.id = ANY (v_fresh) AS is_fresh,
      row_number() OVER (PARTITION BY o.id ORDER BY o.ordinality) > 1 AS is_again,
      (r.sku, r.location, r.quantity, r.hold_seconds)
        IS NOT DISTINCT FROM (p_skus[o.place], p_locations[o.place], o.quantity, o.hold) AS is_same
    FROM unnest(p_ids, p_places, p_quantities, p_holds) WITH ORDINALITY AS o(id, place, quantity, hold, ordinality)
    LEFT JOIN reservation r ON r.id = o.id
    ORDER BY o.ordinality
  LOOP
    IF lefts[v_op.place] IS NULL THEN
      v_codes := v_codes || 'U'::text;
    ELSIF NOT v_op.is_there OR v_op.is_fresh AND v_op.is_again AND v_op.id = ANY (v_refused) THEN
      v_codes := v_codes || 'I'::text;
    ELSIF NOT v_op.is_fresh OR v_op.is_again THEN
      v_codes := v_codes || CASE WHEN v_op.is_same THEN 'R' ELSE 'X' END;
    ELSIF lefts[v_op.place] < v_op.quantity THEN
      v_refused := v_refused || v_op.id;
      v_codes := v_codes || 'I'::text;
    ELSE
      lefts[v_op.place] := lefts[v_op.place] - v_op.quantity;
      v_units[v_op.place] := v_units[v_op.place] + v_op.quantity;
      v_codes := v_codes || 'D'::text;
    END IF;
  END LOOP;
  FOR v_place IN 1 .. cardinality(p_skus) LOOP
    IF v_units[v_place] > 0 THEN
      UPDATE stock SET available = available - v_units[v_place]
      WHERE sku = p_skus[v_place] AND location = p_locations[v_place];
    END IF;
  END LOOP;
  DELETE FROM reservation WHERE id = ANY (v_refused);
  codes := array_to_string(v_codes, '');
END $$;
