//! What became of one command of a `commands` frame; `ok` tells the two forms apart.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::optional::is_false;
use crate::{Code, Timestamp};

/// The reply to one command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reply {
    /// Carried out, and durable.
    Done {
        /// The key's version after it.
        version: u64,
        /// The key's `available` after it.
        available: i64,
        /// The deadline of the reservation's open hold, where there is one.
        expires_at: Option<Timestamp>,
        /// Whether the command is a repeat of one that was carried out before.
        replayed: bool,
    },
    /// Refused; nothing happened.
    Refused {
        /// Why.
        code: Code,
        /// What the command could have had, where that is why.
        available: Option<i64>,
    },
}

// Every field of both forms, flat as in JSON.
/// What became of one command.
#[derive(Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema), schema(example = json!({
    "ok": true, "version": 19, "available": 31, "expires_at": "2026-01-31T08:30:00.000000Z"
})))]
struct ReplyFields {
    /// Whether the command was carried out.
    ok: bool,
    /// The key's version after it; only where `ok`.
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<u64>,
    /// Why not; only where not `ok`.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<Code>,
    /// The key's `available` after it, or what the command could have had.
    #[serde(skip_serializing_if = "Option::is_none")]
    available: Option<i64>,
    /// The deadline of the reservation's open hold, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<Timestamp>,
    /// True for a repeat, otherwise left out.
    #[serde(default, skip_serializing_if = "is_false")]
    #[cfg_attr(feature = "schema", schema(required = false))]
    replayed: bool,
}

impl Serialize for Reply {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let fields = match *self {
            Self::Done { version, available, expires_at, replayed } => ReplyFields {
                ok: true,
                version: Some(version),
                code: None,
                available: Some(available),
                expires_at,
                replayed,
            },
            Self::Refused { code, available } => ReplyFields {
                ok: false,
                version: None,
                code: Some(code),
                available,
                expires_at: None,
                replayed: false,
            },
        };
        fields.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Reply {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        use serde::de::Error;

        let fields = ReplyFields::deserialize(deserializer)?;
        let missing = |field| D::Error::missing_field(field);
        if !fields.ok {
            let code = fields.code.ok_or_else(|| missing("code"))?;
            return Ok(Self::Refused { code, available: fields.available });
        }
        Ok(Self::Done {
            version: fields.version.ok_or_else(|| missing("version"))?,
            available: fields.available.ok_or_else(|| missing("available"))?,
            expires_at: fields.expires_at,
            replayed: fields.replayed,
        })
    }
}

#[cfg(feature = "schema")]
impl utoipa::PartialSchema for Reply {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        ReplyFields::schema()
    }
}

#[cfg(feature = "schema")]
impl utoipa::ToSchema for Reply {
    fn schemas(
        schemas: &mut Vec<(String, utoipa::openapi::RefOr<utoipa::openapi::schema::Schema>)>,
    ) {
        ReplyFields::schemas(schemas);
    }
}
