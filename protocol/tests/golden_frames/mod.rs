//! Every frame of the feed in both forms: the JSON, and the bytes of its binary twin in hex, a blank between fields.
//! A change of any byte breaks clients that are out there: forms only ever grow, at the end of an enum.

/// The bytes of a hex text with blanks.
pub fn bytes(row: &str) -> Vec<u8> {
    let digits: Vec<u32> = row
        .chars()
        .filter(|c| !c.is_whitespace())
        .map(|c| c.to_digit(16).expect("the table's hex must be hex"))
        .collect();
    let byte = |pair: &[u32]| u8::try_from(pair[0] * 16 + pair[1]).expect("two digits");
    digits.chunks_exact(2).map(byte).collect()
}

/// What clients send.
pub const CLIENT: &[(&str, &str)] = &[
    (r#"{"type":"subscribe","id":"a","mode":"levels"}"#, "00 0161 00 00 00 00 00 00"),
    (
        r#"{"type":"subscribe","id":"a","skus":["A","Å"],"sku_prefixes":["TEE-"],"locations":["L"],
         "mode":"levels","view":"exact","cursor":"x"}"#,
        "00 0161 0102014102c385 0101045445452d 0101014c 00 0100 010178",
    ),
    (
        r#"{"type":"subscribe","id":"a","skus":[],"mode":"levels","view":"banded"}"#,
        "00 0161 0100 00 00 00 0101 00",
    ),
    (
        r#"{"type":"subscribe","id":"a","mode":"levels","view":"boolean"}"#,
        "00 0161 00 00 00 00 0102 00",
    ),
    (
        r#"{"type":"subscribe","id":"a","mode":"events","cursor":"earliest"}"#,
        "00 0161 00 00 00 01 00 01086561726c69657374",
    ),
    (r#"{"type":"unsubscribe","id":"a"}"#, "01 0161"),
    (r#"{"type":"ping"}"#, "02"),
    (r#"{"type":"commands","id":"r","commands":[]}"#, "03 0172 00 00"),
    (
        r#"{"type":"commands","id":"r","commands":[{"op":"reserve",
         "reservation_id":"01940000-0000-7000-8000-000000000001","sku":"A","location":"L","quantity":1},
         {"op":"reserve","key":"k","reservation_id":"01940000-0000-7000-8000-000000000001","sku":"B",
         "location":"M","quantity":2147483647,"hold_seconds":900},{"op":"extend",
         "reservation_id":"01940000-0000-7000-8000-000000000001","sku":"A","location":"L","hold_seconds":60},
         {"op":"commit","reservation_id":"01940000-0000-7000-8000-000000000001","sku":"A","location":"L"},
         {"op":"commit","reservation_id":"01940000-0000-7000-8000-000000000001","sku":"A","location":"L",
         "quantity":1},{"op":"fulfil","reservation_id":"01940000-0000-7000-8000-000000000001","sku":"A",
         "location":"L"},{"op":"fulfil","reservation_id":"01940000-0000-7000-8000-000000000001","sku":"B",
         "location":"M","quantity":250},{"op":"release",
         "reservation_id":"01940000-0000-7000-8000-000000000001","sku":"A","location":"L","from":"held"},
         {"op":"release","reservation_id":"01940000-0000-7000-8000-000000000001","sku":"A","location":"L",
         "quantity":251,"from":"committed"},{"op":"sell","key":"k","sku":"A","location":"L",
         "quantity":65535},{"op":"receive","sku":"B","location":"M","quantity":65536}]}"#,
        "03 0172 02 0141014c 0142014d 0b 00 00 00 01940000000070008000000000000001 01 00 01 01016b 00 \
         01940000000070008000000000000001 fcffffff7f 01fb8403 00 00 01 01940000000070008000000000000001 3c 00 00 \
         02 01940000000070008000000000000001 00 00 00 02 01940000000070008000000000000001 0101 00 00 03 \
         01940000000070008000000000000001 00 01 00 03 01940000000070008000000000000001 01fa 00 00 04 \
         01940000000070008000000000000001 00 00 00 00 04 01940000000070008000000000000001 01fbfb00 01 00 01016b \
         05 fbffff 01 00 06 fc00000100",
    ),
];

/// What the engine sends.
pub const ENGINE: &[(&str, &str)] = &[
    (r#"{"type":"subscribed","id":"a","cursor":"x"}"#, "00 0161 0178 00"),
    (r#"{"type":"subscribed","id":"a","cursor":"x","view":"banded"}"#, "00 0161 0178 01"),
    (r#"{"type":"subscribed","id":"a","cursor":"x","view":"boolean"}"#, "00 0161 0178 02"),
    (
        r#"{"type":"snapshot","id":"a","levels":[{"sku":"A","location":"L","on_hand":-1,"reserved":2,
         "committed":3,"damaged":4,"quality_control":5,"safety_stock":6,"incoming":7,"available":-21,
         "oversell_limit":8,"version":9,"as_of":"2026-01-31T08:15:00.000000Z"}],"done":false,"cursor":"x"}"#,
        "01 0161 01 00 0141014c 010406080a0c0e29 10 09 fd00899fafaa490600 00 0178 00",
    ),
    (
        r#"{"type":"snapshot","id":"a","levels":[],"done":true,"cursor":"x","full":true}"#,
        "01 0161 00 01 0178 01",
    ),
    (
        r#"{"type":"delta","id":"a","levels":[{"sku":"A","location":"L","on_hand":-1,"reserved":2,
         "committed":3,"damaged":4,"quality_control":5,"safety_stock":6,"incoming":7,"available":-21,
         "oversell_limit":8,"version":9,"as_of":"2026-01-31T08:15:00.000000Z"},{"sku":"Å","location":"L",
         "on_hand":9007199254740991,"reserved":125,"committed":126,"damaged":4,"quality_control":5,
         "safety_stock":6,"incoming":7,"available":-9007199254740991,"oversell_limit":300,
         "version":9007199254740991,"as_of":"2026-01-31T08:15:00.000000Z"}],"cursor":"y"}"#,
        "02 0161 02 00 0141014c 010406080a0c0e29 10 09 fd00899fafaa490600 00 02c385014c \
         fdfeffffffffff3f00fafbfc00080a0c0efdfdffffffffff3f00 fb5802 fdffffffffffff1f00 fd00899fafaa490600 0179",
    ),
    (
        r#"{"type":"delta","id":"a","levels":[{"sku":"A","location":"L","availability":"out_of_stock",
         "version":9,"as_of":"2026-01-31T08:15:00.000000Z"},{"sku":"A","location":"L",
         "availability":"low_stock","version":9,"as_of":"2026-01-31T08:15:00.000000Z"},{"sku":"A",
         "location":"L","availability":"in_stock","version":9,"as_of":"2026-01-31T08:15:00.000000Z"}],
         "cursor":"y"}"#,
        "02 0161 03 01 0141014c 00 09 fd00899fafaa490600 01 0141014c 01 09 fd00899fafaa490600 01 0141014c 02 09 \
         fd00899fafaa490600 0179",
    ),
    (
        r#"{"type":"delta","id":"a","levels":[{"sku":"A","location":"L","is_available":false,"version":300,
         "as_of":"2026-01-31T08:15:00.000000Z"},{"sku":"A","location":"L","is_available":true,"version":300,
         "as_of":"2026-01-31T08:15:00.000000Z"}],"cursor":"y"}"#,
        "02 0161 02 02 0141014c 00 fb2c01 fd00899fafaa490600 02 0141014c 01 fb2c01 fd00899fafaa490600 0179",
    ),
    (
        r#"{"type":"events","id":"a","events":[{"cursor":"x","sku":"A","location":"L","version":2,
         "kind":"reserved","quantity":2,"before":{"on_hand":10,"reserved":0,"committed":0,"damaged":0,
         "quality_control":0,"safety_stock":0,"incoming":0,"available":10},"after":{"on_hand":10,
         "reserved":2,"committed":0,"damaged":0,"quality_control":0,"safety_stock":0,"incoming":0,
         "available":8},"at":"2026-01-31T08:15:00.000000Z"},{"cursor":"y","sku":"A","location":"L",
         "version":3,"kind":"adjusted","quantity":-2,"before":{"on_hand":10,"reserved":2,"committed":0,
         "damaged":0,"quality_control":0,"safety_stock":0,"incoming":0,"available":8},"after":{"on_hand":8,
         "reserved":2,"committed":0,"damaged":0,"quality_control":0,"safety_stock":0,"incoming":0,
         "available":6},"reservation_id":"01940000-0000-7000-8000-000000000001","reason":"r","reference":"f",
         "at":"2026-01-31T08:15:00.000000Z"}]}"#,
        "03 0161 02 0178 0141014c 02 04 04 1400000000000014 1404000000000010 00 00 00 fd00899fafaa490600 0179 \
         0141014c 03 01 03 1404000000000010 100400000000000c 0101940000000070008000000000000001 010172 010166 \
         fd00899fafaa490600",
    ),
    (r#"{"type":"gap","id":"a","earliest":"x"}"#, "04 0161 0178"),
    (r#"{"type":"unsubscribed","id":"a"}"#, "05 0161"),
    (r#"{"type":"pong"}"#, "06"),
    (
        r#"{"type":"replies","id":"r","replies":[{"ok":true,"version":2,"available":-1},{"ok":true,
         "version":300,"available":0,"expires_at":"2026-01-31T08:15:00.000000Z","replayed":true},{"ok":false,
         "code":"insufficient_stock","available":0},{"ok":false,"code":"unknown_stock"}]}"#,
        "07 0172 04 00 02 01 00 00 00 fb2c01 00 01fd00899fafaa490600 01 01 0f 0100 01 06 00",
    ),
    (r#"{"type":"error","id":"a","code":"malformed","detail":"d"}"#, "08 010161 01 0164"),
    (r#"{"type":"error","code":"outcome_unknown","detail":"Å"}"#, "08 00 17 02c385"),
];
