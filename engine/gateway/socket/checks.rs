//! Whether a subscription may begin: what it asks for, what its connection may hear, and the limits.

use saldo_protocol::{FeedMode, FrameId, Subscribe};

use super::allowed::Allowed;
use super::incoming::Misunderstood;
use super::limits::SocketLimits;

/// Refuses a subscription with what comes first in the order of precedence. `names` are those of the
/// connection's other subscriptions.
pub(super) fn check<'a>(
    wanted: &Subscribe,
    mut names: impl ExactSizeIterator<Item = &'a FrameId>,
    allowed: Allowed,
    limits: &SocketLimits,
) -> Result<(), Misunderstood> {
    let malformed = |detail: &str| Err(Misunderstood::malformed(Some(wanted.id.clone()), detail));
    let limit_exceeded =
        |detail: String| Err(Misunderstood::limit_exceeded(wanted.id.clone(), detail));
    let lists = [
        ("skus", wanted.skus.as_ref().map(Vec::len)),
        ("sku_prefixes", wanted.sku_prefixes.as_ref().map(Vec::len)),
        ("locations", wanted.locations.as_ref().map(Vec::len)),
    ];
    if wanted.mode == FeedMode::Events && wanted.view.is_some() {
        return malformed("`view` is for the mode `levels`: events tell all balances");
    }
    if let Some((field, _)) = lists.iter().find(|(_, entries)| *entries == Some(0)) {
        return malformed(&format!(
            "`{field}` must have at least 1 entry, found 0: leave it out for all"
        ));
    }
    let subscriptions = names.len();
    if names.any(|name| *name == wanted.id) {
        let name = wanted.id.as_str();
        return malformed(&format!(
            "{name:?} is subscribed already on this connection: unsubscribe first, or use another id"
        ));
    }
    if wanted.mode == FeedMode::Events && !allowed.sell {
        return Err(Misunderstood::forbidden(
            wanted.id.clone(),
            "the mode `events` needs a token with the role `sell` or `admin`",
        ));
    }
    let subscriptions_max = limits.subscriptions_max;
    if subscriptions >= subscriptions_max {
        return limit_exceeded(format!(
            "a connection has at most {subscriptions_max} subscriptions"
        ));
    }
    let entries_max = limits.skus_max;
    for (field, entries) in lists {
        let found = entries.unwrap_or_default();
        if found > entries_max {
            return limit_exceeded(format!(
                "`{field}` has {found} entries, at most {entries_max} are allowed"
            ));
        }
    }
    Ok(())
}
