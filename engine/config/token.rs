//! Bearer tokens: what is handed out once, and what the settings keep of it.

use std::fmt;
use std::str::FromStr;

use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use sha2::{Digest, Sha256};

use super::value::{Entry, Role};

/// Random bytes of a token.
const RANDOM_BYTES: usize = 32;
/// What every token begins with, so that one that leaked into a log or a repository is found by a search.
const PREFIX: &str = "saldo_";
/// Most characters of a token's name.
const NAME_CHARS_MAX: usize = 64;

/// A token as its holder sends it, such as `saldo_sell_Zm9v…`. Shown once, when it is made; kept nowhere.
pub struct Token(String);

impl Token {
    /// Makes one from 256 random bits of the operating system.
    ///
    /// # Errors
    /// Where the system has none to give.
    pub fn generate(role: Role) -> Result<Self, getrandom::Error> {
        let mut random = [0; RANDOM_BYTES];
        getrandom::fill(&mut random)?;
        // Letters, digits, `-` and `_` alone: they may stand in a header, a WebSocket subprotocol and a shell.
        Ok(Self(format!("{PREFIX}{role}_{}", BASE64URL_NOPAD.encode(&random))))
    }

    /// The text to send.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Token {
    /// Without the token: nothing may write it into a log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token").finish_non_exhaustive()
    }
}

/// The SHA-256 of a token: what is kept and what is compared.
///
/// One plain hash is enough, and a slow one would only cost the engine time at each request: slow hashes protect
/// what people choose, but 256 random bits cannot be guessed, however fast the guesses are checked. Comparing
/// hashes tells by its time nothing about a token, for nobody can choose the hash that a guess has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TokenHash([u8; 32]);

impl TokenHash {
    /// The hash of a token.
    #[must_use]
    pub fn of(token: &str) -> Self {
        Self(Sha256::digest(token.as_bytes()).into())
    }

    fn parse(hex: &str) -> Option<Self> {
        let bytes = HEXLOWER.decode(hex.as_bytes()).ok()?;
        Some(Self(bytes.try_into().ok()?))
    }
}

impl fmt::Display for TokenHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&HEXLOWER.encode(&self.0))
    }
}

/// A token as the settings keep it, written `role:name:hash`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredToken {
    /// What its holder may do.
    pub role: Role,
    /// What its keeper calls it, to revoke it by.
    pub name: String,
    /// The hash that a request's token must have.
    pub hash: TokenHash,
}

impl StoredToken {
    /// What the settings keep of `token`.
    ///
    /// # Errors
    /// What is wrong with the name: 1 to 64 letters, digits, `.`, `-` and `_` of ASCII.
    pub fn new(role: Role, name: &str, token: &Token) -> Result<Self, String> {
        check_name(name)?;
        Ok(Self { role, name: name.to_owned(), hash: TokenHash::of(token.as_str()) })
    }
}

/// Names have no colon and no comma, at which entries and lists are parted.
fn check_name(name: &str) -> Result<(), String> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
    if name.is_empty() || name.len() > NAME_CHARS_MAX || !name.bytes().all(fits) {
        return Err(format!(
            "has a name other than 1 to {NAME_CHARS_MAX} letters, digits, `.`, `-` and `_` of ASCII"
        ));
    }
    Ok(())
}

impl fmt::Display for StoredToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.role, self.name, self.hash)
    }
}

impl FromStr for StoredToken {
    /// What is wrong with the entry. Never repeats it: it may be a token itself.
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.starts_with(PREFIX) {
            return Err("is a token itself, which is now no secret any more".to_owned());
        }
        let mut parts = text.splitn(3, ':');
        let (Some(role), Some(name), Some(hash)) = (parts.next(), parts.next(), parts.next())
        else {
            return Err("is not three texts parted by `:`".to_owned());
        };
        let role = Role::of_word(role)
            .ok_or_else(|| format!("has a role other than {}", Role::WORDS.join(", ")))?;
        check_name(name)?;
        let hash = TokenHash::parse(hash)
            .ok_or_else(|| "has a hash other than 64 small hexadecimal digits".to_owned())?;
        Ok(Self { role, name: name.to_owned(), hash })
    }
}

impl Entry for StoredToken {
    const EXPECTED: &'static str =
        "a list of texts role:name:hash, such as `saldo token new` writes";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_fits_everywhere_and_is_random() {
        let token = Token::generate(Role::Sell).expect("random bytes");
        let random = token.as_str().strip_prefix("saldo_sell_").expect("a prefix to search for");
        assert_eq!(random.len(), 43, "256 bits in base64");
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        assert!(random.bytes().all(fits), "{random}");
        let other = Token::generate(Role::Sell).expect("random bytes");
        assert_ne!(token.as_str(), other.as_str());
    }

    #[test]
    fn the_hash_is_sha_256() {
        // FIPS 180-2, appendix B.1.
        let hash = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(TokenHash::of("abc").to_string(), hash);
        assert_eq!(TokenHash::parse(hash), Some(TokenHash::of("abc")));
    }

    #[test]
    fn an_entry_is_read_as_it_is_written() {
        let token = Token::generate(Role::Admin).expect("random bytes");
        let stored = StoredToken::new(Role::Admin, "back-office.1", &token).expect("a good name");
        assert_eq!(stored.to_string().parse(), Ok(stored.clone()));
        assert!(!stored.to_string().contains(token.as_str()));
    }

    #[test]
    fn an_entry_that_cannot_be_is_not_repeated() {
        let hash = TokenHash::of("abc").to_string();
        for (entry, fault) in [
            ("saldo_sell_abc".to_owned(), "is a token itself"),
            ("sell".to_owned(), "three texts"),
            ("sell:x".to_owned(), "three texts"),
            (format!("owner:x:{hash}"), "role other than read, sell, admin"),
            (format!("Sell:x:{hash}"), "role other than"),
            (format!("sell::{hash}"), "name other than"),
            (format!("sell:a b:{hash}"), "name other than"),
            (format!("sell:{}:{hash}", "n".repeat(65)), "name other than"),
            (format!("sell:x:{}", &hash[1..]), "64 small hexadecimal digits"),
            (format!("sell:x:{}", hash.to_uppercase()), "64 small hexadecimal digits"),
            (format!("sell:x:{hash}:"), "64 small hexadecimal digits"),
        ] {
            let found = entry.parse::<StoredToken>().expect_err(&entry);
            assert!(found.contains(fault) && !found.contains(&entry), "{entry}: {found}");
        }
    }
}
