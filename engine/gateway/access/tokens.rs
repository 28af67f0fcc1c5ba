//! The configured tokens by their hashes.

use std::collections::HashMap;

use super::Access;
use crate::config::{Role, StoredToken, TokenHash};

/// Longer than any token: what is longer is not hashed, and unknown.
const TOKEN_BYTES_MAX: usize = 256;

/// Roles by the hash of a token.
#[derive(Debug)]
pub(super) struct Tokens(HashMap<TokenHash, Role>);

impl Tokens {
    pub(super) fn new(stored: &[StoredToken]) -> Self {
        Self(stored.iter().map(|token| (token.hash, token.role)).collect())
    }

    /// Whether none is configured.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What the holder of a token may do; none where it is not known. The role is that of the settings, whatever the
    /// token's text says.
    pub(super) fn access(&self, token: &str) -> Option<Access> {
        if self.is_empty() || token.len() > TOKEN_BYTES_MAX {
            return None;
        }
        self.0.get(&TokenHash::of(token)).map(|role| Access::of_role(*role))
    }
}
