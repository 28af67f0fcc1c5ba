//! What the echo tells: replies of a frame, copied from templates of fixed width in which only the numbers change,
//! and the bodies of answers over HTTP. Sizes are those of the engine.

use saldo_protocol::client::FeedForm;

/// Replies of a template.
const TEMPLATE_REPLIES: usize = 256;

/// One reply in JSON, with a comma behind it; both numbers have nine digits.
const JSON_REPLY: &[u8] =
    br#"{"ok":true,"version":000000000,"available":000000000,"expires_at":"2026-01-31T08:30:00.000000Z"},"#;
const JSON_VERSION_AT: usize = 21;
const JSON_AVAILABLE_AT: usize = 43;
const DIGITS: usize = 9;

/// One reply in binary: `Done` (0), version and available as marked 32-bit numbers, a deadline as a marked 64-bit one,
/// no repeat. `docs/protocol.md` tells the bytes.
const BINARY_REPLY: [u8; 22] =
    [0, 252, 0, 0, 0, 0, 252, 0, 0, 0, 0, 1, 253, 0, 160, 1, 40, 85, 72, 6, 0, 0];
const BINARY_VERSION_AT: usize = 2;
const BINARY_AVAILABLE_AT: usize = 7;

/// Versions begin here, so that they have nine digits, and 32 bits, for as long as a run lasts.
const VERSION_FIRST: u32 = 100_000_000;
const VERSION_MAX: u32 = 999_999_999;
/// Version and available together.
const SUM: u32 = VERSION_FIRST + VERSION_MAX;

/// Gives versions that rise by one, each with an available that falls by one: so do those of one key that sells.
#[derive(Debug)]
pub(super) struct Counter(u32);

impl Default for Counter {
    fn default() -> Self {
        Self(VERSION_FIRST)
    }
}

impl Counter {
    /// The next version, and its available.
    pub(super) const fn next(&mut self) -> (u32, u32) {
        self.0 = if self.0 >= VERSION_MAX { VERSION_FIRST } else { self.0 + 1 };
        (self.0, SUM - self.0)
    }
}

/// Replies of one form.
pub(super) struct Templates {
    form: FeedForm,
    replies: Vec<u8>,
}

impl Templates {
    pub(super) fn new(form: FeedForm) -> Self {
        let replies = match form {
            FeedForm::Json => JSON_REPLY.repeat(TEMPLATE_REPLIES),
            FeedForm::Binary => BINARY_REPLY.repeat(TEMPLATE_REPLIES),
        };
        Self { form, replies }
    }

    /// Bytes of so many replies. In JSON each has a byte behind it, the last one too.
    pub(super) const fn bytes(&self, replies: usize) -> usize {
        match self.form {
            FeedForm::Json => replies * JSON_REPLY.len(),
            FeedForm::Binary => replies * BINARY_REPLY.len(),
        }
    }

    /// Appends so many replies.
    pub(super) fn put(&self, replies: usize, counter: &mut Counter, out: &mut Vec<u8>) {
        let mut left = replies;
        while left > 0 {
            let count = left.min(TEMPLATE_REPLIES);
            let at = out.len();
            out.extend_from_slice(&self.replies[..self.bytes(count)]);
            let fresh = &mut out[at..];
            match self.form {
                FeedForm::Json => {
                    for reply in fresh.chunks_exact_mut(JSON_REPLY.len()) {
                        let (version, available) = counter.next();
                        put_digits(&mut reply[JSON_VERSION_AT..][..DIGITS], version);
                        put_digits(&mut reply[JSON_AVAILABLE_AT..][..DIGITS], available);
                    }
                }
                FeedForm::Binary => {
                    for reply in fresh.chunks_exact_mut(BINARY_REPLY.len()) {
                        let (version, available) = counter.next();
                        reply[BINARY_VERSION_AT..][..4].copy_from_slice(&version.to_le_bytes());
                        // Signed numbers are doubled (zigzag); this one is positive.
                        let zigzag = available * 2;
                        reply[BINARY_AVAILABLE_AT..][..4].copy_from_slice(&zigzag.to_le_bytes());
                    }
                }
            }
            left -= count;
        }
    }
}

fn put_digits(digits: &mut [u8], mut number: u32) {
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + (number % 10).to_le_bytes()[0];
        number /= 10;
    }
}

/// Appends a reservation of these lines: SKU, location, quantity.
pub(super) fn put_reservation<'a>(
    id: &str,
    lines: impl Iterator<Item = (&'a str, &'a str, &'a str)>,
    out: &mut Vec<u8>,
) {
    put(out, &[r#"{"id":""#, id, r#"","status":"held","lines":["#]);
    for (place, (sku, location, quantity)) in lines.enumerate() {
        let comma = if place > 0 { "," } else { "" };
        put(out, &[comma, r#"{"sku":""#, sku, r#"","location":""#, location]);
        put(out, &[r#"","requested":"#, quantity, r#","quantity":"#, quantity]);
        put(out, &[r#","held":"#, quantity, r#","committed":0,"fulfilled":0,"released":0"#]);
        put(out, &[r#","expired":0,"returned":0}"#]);
    }
    put(out, &[r#"],"expires_at":"2026-01-31T08:30:00.000000Z""#]);
    put(out, &[r#","created_at":"2026-01-31T08:15:00.000000Z","order_reference":null"#]);
    put(out, &[r#","customer_reference":null,"channel":null}"#]);
}

/// Appends a level.
pub(super) fn put_level(sku: &str, location: &str, counter: &mut Counter, out: &mut Vec<u8>) {
    let (version, available) = counter.next();
    let (version, available) = (version.to_string(), available.to_string());
    put(out, &[r#"{"sku":""#, sku, r#"","location":""#, location, r#"","on_hand":"#, &available]);
    put(out, &[r#","reserved":0,"committed":0,"damaged":0,"quality_control":0,"safety_stock":0"#]);
    put(out, &[r#","incoming":0,"available":"#, &available, r#","oversell_limit":0,"version":"#]);
    put(out, &[&version, r#","as_of":"2026-01-31T08:15:00.000000Z"}"#]);
}

fn put(out: &mut Vec<u8>, parts: &[&str]) {
    parts.iter().for_each(|part| out.extend_from_slice(part.as_bytes()));
}
