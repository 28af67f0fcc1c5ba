//! What a caller may do, and what a call asks for.

use saldo_protocol::View;

use super::Role;

/// What a call, a subscription or a command asks of its caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Need {
    /// Nothing: probes, documents.
    Nothing,
    /// To be shown levels, in whatever view: a subscription.
    Levels,
    /// To be shown every balance.
    ExactLevels,
    /// To be shown the engine's figures: any token will do.
    Figures,
    /// To see orders and movements, and to change anything: commands, mode `events`, every change.
    Sell,
}

/// What a caller may do: small, and decided once for a request or for a connection of the feed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Access {
    /// None for a call that asks for nothing and so looked at no credentials.
    role: Option<Role>,
    /// The most that it is told of a level.
    view_max: View,
    is_anonymous: bool,
}

impl Access {
    /// Nothing but what needs nothing.
    pub(crate) const NONE: Self = Self { role: None, view_max: View::Boolean, is_anonymous: true };
    /// Everything: from this machine, where no token is configured.
    pub(crate) const EVERYTHING: Self = Self::of_role(Role::Admin);

    /// The holder of a token.
    pub(crate) const fn of_role(role: Role) -> Self {
        Self { role: Some(role), view_max: View::Exact, is_anonymous: false }
    }

    /// A caller without a token, where such callers may read.
    pub(crate) const fn anonymous(view_max: View) -> Self {
        Self { role: Some(Role::Read), view_max, is_anonymous: true }
    }

    /// Whether that is enough.
    pub(crate) fn may(self, need: Need) -> bool {
        match need {
            Need::Nothing => true,
            Need::Levels => self.role.is_some(),
            Need::ExactLevels => self.role.is_some() && self.view_max == View::Exact,
            Need::Figures => self.role.is_some() && !self.is_anonymous,
            Need::Sell => self.role >= Some(Role::Sell),
        }
    }

    /// The most that this caller is told of a level; `View::Exact` is everything.
    pub(crate) const fn view_max(self) -> View {
        self.view_max
    }

    /// What it may do in a word, for sentences.
    pub(crate) const fn role_word(self) -> &'static str {
        match self.role {
            Some(role) => role.word(),
            None => "none",
        }
    }

    /// Whether it sent no token.
    pub(crate) const fn is_anonymous(self) -> bool {
        self.is_anonymous
    }
}
