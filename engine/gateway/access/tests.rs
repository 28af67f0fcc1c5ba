//! Every caller against every need, where a token may stand, and which pages may call.

use std::net::IpAddr;

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use saldo_protocol::{Code, View};

use super::{Access, Asked, Need, Rules};
use crate::config::{Role, Settings, StoredToken, Token};

const LOCAL: &str = "127.0.0.1";
const REMOTE: &str = "192.0.2.7";
const NEEDS: [Need; 5] =
    [Need::Nothing, Need::Levels, Need::ExactLevels, Need::Figures, Need::Sell];

/// One token of each role.
struct Shop {
    settings: Settings,
    tokens: Vec<Token>,
}

impl Shop {
    fn without_tokens() -> Self {
        Self { settings: Settings::default(), tokens: Vec::new() }
    }

    fn new() -> Self {
        let mut shop = Self::without_tokens();
        for role in [Role::Read, Role::Sell, Role::Admin] {
            let token = Token::generate(role).unwrap();
            shop.settings.tokens.push(StoredToken::new(role, role.word(), &token).unwrap());
            shop.tokens.push(token);
        }
        shop
    }

    fn bearer(&self, role: Role) -> String {
        format!("Bearer {}", self.token(role))
    }

    fn token(&self, role: Role) -> &str {
        let named = |stored: &StoredToken| stored.role == role;
        let place = self.settings.tokens.iter().position(named).unwrap();
        self.tokens[place].as_str()
    }

    fn rules(&self) -> Rules {
        Rules::new(&self.settings, "127.0.0.1:7700".parse().unwrap())
    }

    /// The code that refuses a plain call of this need, or none.
    fn refused(&self, need: Need, peer: &str, headers: &[(&str, &str)]) -> Option<Code> {
        let asked = Asked { need, is_guarded: false, takes_subprotocol: false };
        self.admit(asked, peer, headers).err()
    }

    fn admit(&self, asked: Asked, peer: &str, headers: &[(&str, &str)]) -> Result<Access, Code> {
        let peer: IpAddr = peer.parse().unwrap();
        self.rules().admit(asked, peer, &map(headers)).map_err(|failure| failure.code())
    }
}

fn map(headers: &[(&str, &str)]) -> HeaderMap {
    let pair = |(name, value): &(&str, &str)| {
        (name.parse::<HeaderName>().unwrap(), HeaderValue::from_str(value).unwrap())
    };
    let mut map = HeaderMap::new();
    for (name, value) in headers.iter().map(pair) {
        map.append(name, value);
    }
    map
}

#[test]
fn without_a_configured_token_this_machine_may_do_everything_and_others_nothing() {
    let shop = Shop::without_tokens();
    for need in NEEDS {
        for local in [LOCAL, "127.9.9.9", "::1", "::ffff:127.0.0.1"] {
            assert_eq!(shop.refused(need, local, &[]), None, "{need:?} from {local}");
        }
        let expected = (need != Need::Nothing).then_some(Code::Unauthorized);
        assert_eq!(shop.refused(need, REMOTE, &[]), expected, "{need:?}");
    }
    let wrong = [("authorization", "Bearer saldo_sell_x")];
    assert_eq!(shop.refused(Need::Sell, LOCAL, &wrong), Some(Code::Unauthorized), "wrong always");
}

#[test]
fn a_token_may_what_its_role_may() {
    let shop = Shop::new();
    for peer in [LOCAL, REMOTE] {
        for need in NEEDS {
            let of = |role| {
                let bearer = shop.bearer(role);
                shop.refused(need, peer, &[("authorization", &bearer)])
            };
            let read = (need == Need::Sell).then_some(Code::Forbidden);
            assert_eq!((of(Role::Read), of(Role::Sell), of(Role::Admin)), (read, None, None));
            let needs = (need != Need::Nothing).then_some(Code::Unauthorized);
            assert_eq!(shop.refused(need, peer, &[]), needs, "{need:?} from {peer}");
            let wrong = [("authorization", "Bearer saldo_admin_x")];
            assert_eq!(shop.refused(need, peer, &wrong), needs, "{need:?} from {peer}");
        }
    }
}

#[test]
fn callers_without_a_token_read_as_much_as_the_settings_allow() {
    for view in [View::Exact, View::Banded, View::Boolean] {
        let mut shop = Shop::new();
        (shop.settings.anonymous_read, shop.settings.anonymous_view) = (true, view);
        let exact = (view != View::Exact).then_some(Code::Forbidden);
        assert_eq!(shop.refused(Need::Levels, REMOTE, &[]), None);
        assert_eq!(shop.refused(Need::ExactLevels, REMOTE, &[]), exact, "{view:?}");
        assert_eq!(shop.refused(Need::Figures, REMOTE, &[]), Some(Code::Forbidden));
        assert_eq!(shop.refused(Need::Sell, LOCAL, &[]), Some(Code::Forbidden));
        let wrong = [("authorization", "Bearer x")];
        assert_eq!(shop.refused(Need::Levels, REMOTE, &wrong), Some(Code::Unauthorized));
        let asked = Asked { need: Need::Levels, is_guarded: true, takes_subprotocol: true };
        let access = shop.admit(asked, REMOTE, &[]).unwrap();
        assert_eq!((access.view_max(), access.is_anonymous()), (view, true));
        let bearer = shop.bearer(Role::Read);
        let access = shop.admit(asked, REMOTE, &[("authorization", &bearer)]).unwrap();
        assert_eq!(access.view_max(), View::Exact, "a token sees everything");
    }
}

#[test]
fn a_token_stands_in_one_place() {
    let shop = Shop::new();
    let (token, bearer) = (shop.token(Role::Sell), shop.bearer(Role::Sell));
    let protocol = format!("saldo.v1.json, saldo.token.{token}");
    let feed = Asked { need: Need::Sell, is_guarded: true, takes_subprotocol: true };
    let other = Asked { takes_subprotocol: false, ..feed };
    let header = ("authorization", bearer.as_str());
    let offered = ("sec-websocket-protocol", protocol.as_str());
    let is_let_in = |asked, headers: &[(&str, &str)]| shop.admit(asked, REMOTE, headers).err();
    for scheme in ["bearer", "BEARER", "Bearer"] {
        let value = format!("{scheme}  {token} ");
        assert_eq!(is_let_in(other, &[("authorization", value.trim_end())]), None, "{value}");
    }
    assert_eq!(is_let_in(feed, &[offered]), None);
    assert_eq!(is_let_in(feed, &[header, offered]), None, "the same twice");
    assert_eq!(is_let_in(other, &[offered]), Some(Code::Unauthorized), "the feed's alone");
    let read = shop.bearer(Role::Read);
    let different = [("authorization", read.as_str()), offered];
    assert_eq!(is_let_in(feed, &different), Some(Code::Unauthorized));
    assert_eq!(is_let_in(other, &[header, header]), Some(Code::Malformed));
    let twice = format!("{protocol},saldo.token.x");
    let twice = [("sec-websocket-protocol", twice.as_str())];
    assert_eq!(is_let_in(feed, &twice), Some(Code::Malformed));
    let long = format!("Bearer {}", "x".repeat(10_000));
    for none in ["Basic dTpw", "Bearer", "Bearer ", token, "", long.as_str()] {
        let refused = is_let_in(other, &[("authorization", none)]);
        assert_eq!(refused, Some(Code::Unauthorized), "{none}");
    }
}

#[test]
fn credentials_of_another_scheme_are_a_proxys_and_count_as_none() {
    let basic = [("authorization", "Basic dTpw")];
    assert_eq!(Shop::without_tokens().refused(Need::Sell, LOCAL, &basic), None);
}

#[test]
fn pages_of_foreign_origins_neither_change_anything_nor_open_a_websocket() {
    let mut shop = Shop::new();
    shop.settings.origins = vec!["https://shop.example".parse().unwrap()];
    let bearer = shop.bearer(Role::Sell);
    let token = ("authorization", bearer.as_str());
    let guarded = Asked { need: Need::Sell, is_guarded: true, takes_subprotocol: false };
    for allowed in [
        "https://shop.example",
        "https://SHOP.example:443",
        "http://127.0.0.1:7700",
        "http://localhost:7700",
        "http://[::1]:7700",
    ] {
        let headers = [token, ("origin", allowed)];
        assert!(shop.admit(guarded, REMOTE, &headers).is_ok(), "{allowed}");
        let cors = shop.rules().cors(&map(&headers)).unwrap();
        assert_eq!(cors.allowed.unwrap(), allowed);
    }
    for foreign in [
        "https://evil.example",
        "http://shop.example",
        "https://shop.example:8443",
        "https://shop.example.evil.example",
        "http://127.0.0.1:7701",
        "https://127.0.0.1:7700",
        "null",
        "*",
        "",
    ] {
        let headers = [token, ("origin", foreign), ("host", "evil.example")];
        assert_eq!(shop.admit(guarded, REMOTE, &headers), Err(Code::Forbidden), "{foreign}");
        let reading = Asked { is_guarded: false, ..guarded };
        assert!(shop.admit(reading, REMOTE, &headers).is_ok(), "{foreign} may not read the answer");
        assert!(shop.rules().cors(&map(&headers)).unwrap().allowed.is_none(), "{foreign}");
    }
    let both = [token, ("origin", "https://shop.example"), ("origin", "https://evil.example")];
    assert_eq!(shop.admit(guarded, REMOTE, &both), Err(Code::Forbidden));
    assert!(shop.rules().cors(&map(&both)).unwrap().allowed.is_none());
    assert!(shop.rules().cors(&map(&[token])).is_none(), "no page, no word to one");
}

#[test]
fn a_name_made_to_lead_here_is_not_local() {
    let mut shop = Shop::without_tokens();
    shop.settings.origins = vec!["https://shop.example".parse().unwrap()];
    for local in [
        "127.0.0.1:7700",
        "localhost",
        "localhost:7700",
        "app.localhost:7700",
        "[::1]:7700",
        "[::1]",
        "saldo:7700",
        "shop.example",
        "Shop.Example:7700",
        "10.0.0.7",
    ] {
        assert_eq!(shop.refused(Need::ExactLevels, LOCAL, &[("host", local)]), None, "{local}");
    }
    for rebound in ["evil.example", "evil.example:7700", "evil.example.", "a.shop.example:1"] {
        let refused = shop.refused(Need::ExactLevels, LOCAL, &[("host", rebound)]);
        assert_eq!(refused, Some(Code::Forbidden), "{rebound}");
    }
    let shop = Shop::new();
    let bearer = shop.bearer(Role::Read);
    let headers = [("host", "evil.example"), ("authorization", bearer.as_str())];
    assert_eq!(shop.refused(Need::ExactLevels, LOCAL, &headers), None, "a token is proof enough");
}
