//! Ids and idempotency keys that follow from the file and the invoice alone: a run that is repeated says
//! everything again under the same names, and so does nothing twice.

use uuid::Uuid;

use crate::replay::share::OpeningShare;
use crate::replay::survey::FileIdentity;

/// The names of one run, UUIDs of version 5 (RFC 9562) under its own namespace.
#[derive(Clone, Copy, Debug)]
pub struct RunIds {
    namespace: Uuid,
}

impl RunIds {
    /// Everything that changes what is sent is part of the name: another share is another run.
    #[must_use]
    pub fn new(file: FileIdentity, location: &str, share: OpeningShare, seed: u64) -> Self {
        let root = Uuid::new_v5(&Uuid::NAMESPACE_URL, b"saldo:replay");
        let name = format!("{:08x}/{}/{share}/{seed}/{location}", file.crc, file.bytes);
        Self { namespace: Uuid::new_v5(&root, name.as_bytes()) }
    }

    /// The run itself.
    #[must_use]
    pub const fn run(&self) -> Uuid {
        self.namespace
    }

    /// The reservation of an invoice.
    #[must_use]
    pub fn reservation(&self, invoice: &str) -> Uuid {
        self.named("reservation", &[invoice])
    }

    /// The idempotency key of a call: visible ASCII, whatever the invoice is called.
    #[must_use]
    pub fn key(&self, verb: &str, subject: &[&str]) -> String {
        format!("replay-{verb}-{}", self.named(verb, subject).simple())
    }

    /// Lengths stand before the parts, so that no two subjects have one name.
    fn named(&self, verb: &str, subject: &[&str]) -> Uuid {
        let mut name = verb.to_owned();
        for part in subject {
            name.push_str(&format!("/{}:{part}", part.len()));
        }
        Uuid::new_v5(&self.namespace, name.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(seed: u64, location: &str, share: &str) -> RunIds {
        let file = FileIdentity { crc: 7, bytes: 9 };
        RunIds::new(file, location, share.parse().unwrap(), seed)
    }

    #[test]
    fn the_same_run_has_the_same_names_and_no_other_has() {
        let run = ids(0, "UK-DC", "0.6");
        assert_eq!(run.reservation("536365"), ids(0, "UK-DC", "0.60").reservation("536365"));
        for other in [ids(1, "UK-DC", "0.6"), ids(0, "UK-D", "0.6"), ids(0, "UK-DC", "1")] {
            assert_ne!(run.run(), other.run());
            assert_ne!(run.key("commit", &["1"]), other.key("commit", &["1"]));
        }
    }

    #[test]
    fn subjects_are_told_apart() {
        let run = ids(0, "UK-DC", "0.6");
        assert_ne!(run.key("adjust", &["1", "2/3"]), run.key("adjust", &["1/2", "3"]));
        assert_ne!(run.key("commit", &["1"]), run.key("fulfil", &["1"]));
        assert!(run.key("commit", &["räv\u{7}"]).bytes().all(|b| b.is_ascii_graphic()));
    }
}
