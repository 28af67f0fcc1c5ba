//! What "may be left out" means: a field with a default takes `null` as left out, and a list that may be left
//! out is not empty, because a verb without lines acts on all units and an empty list could mean either.

use serde::{Deserialize, Deserializer};

use crate::InvalidField;
use crate::object::{objects, objects_or_none};

/// Reads a field with a default, where `null` is the default too.
pub(crate) fn null_is_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    Ok(Option::<T>::deserialize(deserializer)?.unwrap_or_default())
}

/// Reads `lines` of a call that needs them.
pub(crate) fn lines<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    not_empty(objects(deserializer)?)
}

/// Reads `lines` of a call that may go without.
pub(crate) fn lines_or_all<'de, D, T>(deserializer: D) -> Result<Option<Vec<T>>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    objects_or_none(deserializer)?.map(not_empty).transpose()
}

/// For `skip_serializing_if`: leaves a flag out where it is false.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands every field by reference")]
pub(crate) fn is_false(flag: &bool) -> bool {
    !flag
}

fn not_empty<T, E: serde::de::Error>(lines: Vec<T>) -> Result<Vec<T>, E> {
    if lines.is_empty() {
        return Err(E::custom(InvalidField::EmptyList { field: "lines" }));
    }
    Ok(lines)
}
