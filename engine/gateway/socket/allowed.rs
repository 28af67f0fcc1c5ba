//! What a connection may do, as its token and the settings have it.

use crate::feed::View;
use crate::gateway::access::Need;
use crate::gateway::inbound::Inbound;

/// What a connection may do besides hear of levels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Allowed {
    /// Send commands and hear of events.
    pub(crate) sell: bool,
    /// The most that it may be told of a level.
    pub(crate) view_most: View,
}

impl Allowed {
    /// What the sender of a request may do.
    pub(super) fn of(request: &Inbound) -> Self {
        let access = request.access;
        let view_most = match access.view_max() {
            saldo_protocol::View::Exact => View::Exact,
            saldo_protocol::View::Banded => View::Banded,
            saldo_protocol::View::Boolean => View::Boolean,
        };
        Self { sell: access.may(Need::Sell), view_most }
    }

    /// The view that a subscription gets that wants this one.
    pub(super) fn view(self, wanted: Option<View>) -> View {
        wanted.map_or(self.view_most, |wanted| wanted.max(self.view_most))
    }
}
