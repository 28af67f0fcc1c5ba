//! The tokens in a settings file, changed where they stand: all else in the file, comments included, stays as it is.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _, fchown};
use std::path::{Path, PathBuf};

use toml_edit::{Array, DocumentMut, Item};

use super::file::{self, PLACES};
use super::{Role, Settings, SettingsError, StoredToken, Token};

/// The setting that holds them.
const TOKENS: &str = "tokens";
/// A file made here is its owner's alone.
const MODE: u32 = 0o600;

/// Why a settings file's tokens cannot be read or changed.
#[derive(Debug, thiserror::Error)]
pub enum TokenFileError {
    /// It cannot be read, or the engine would not start with it.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// The text that was read as settings is none that can be changed.
    #[error("the settings file {} cannot be changed: {message}", path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// What was expected.
        message: String,
    },
    /// It cannot be written; what was there is still there.
    #[error("cannot write the settings file {}: {cause}; it is as it was", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the operating system answered.
        cause: io::Error,
    },
    /// A name that cannot be.
    #[error("the token `{name}` {fault}")]
    Name {
        /// The name given.
        name: String,
        /// What is wrong with it.
        fault: String,
    },
    /// No token has this name.
    #[error("{} has no token named `{name}`; it has {known}", path.display())]
    Unknown {
        /// The file.
        path: PathBuf,
        /// The name given.
        name: String,
        /// The names there are.
        known: String,
    },
    /// The operating system has no random bits to give.
    #[error("the operating system gives no random bits for a token: {0}")]
    Random(getrandom::Error),
}

/// A settings file whose tokens are looked at or changed.
#[derive(Debug)]
pub struct TokenFile {
    path: PathBuf,
    document: DocumentMut,
    tokens: Vec<StoredToken>,
}

impl TokenFile {
    /// Reads the file that is named, or else the one that the engine would read in `directory`. Where there is none, it
    /// is made with the first token.
    ///
    /// # Errors
    /// A file that cannot be read, or with which the engine would not start.
    pub fn open(named: Option<PathBuf>, directory: &Path) -> Result<Self, TokenFileError> {
        let path = match named {
            Some(path) => path,
            None => file::find(directory)?.unwrap_or_else(|| directory.join(PLACES[0])),
        };
        let text = match file::text_of(&path) {
            Ok(text) => text,
            Err(SettingsError::Unreadable { cause, .. })
                if cause.kind() == io::ErrorKind::NotFound =>
            {
                String::new()
            }
            Err(error) => return Err(error.into()),
        };
        let mut settings = Settings::default();
        file::read_text(&mut settings, &path, &text)?;
        let document = text.parse::<DocumentMut>().map_err(|error| TokenFileError::Syntax {
            path: path.clone(),
            message: error.message().to_owned(),
        })?;
        Ok(Self { path, document, tokens: settings.tokens })
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The tokens that it has, in the order in which they stand.
    #[must_use]
    pub fn tokens(&self) -> &[StoredToken] {
        &self.tokens
    }

    /// Makes a token and writes its hash into the file. Without a name it is called after its role, with the first number
    /// that is free: `sell-1`. Gives the token, which nobody can tell again, and its name.
    ///
    /// # Errors
    /// A name that cannot be or is taken; a file that cannot be written.
    pub fn add(
        &mut self,
        role: Role,
        name: Option<&str>,
    ) -> Result<(Token, String), TokenFileError> {
        let name = name.map_or_else(|| self.free_name(role), str::to_owned);
        let wrong = |fault| TokenFileError::Name { name: name.clone(), fault };
        if self.tokens.iter().any(|token| token.name == name) {
            return Err(wrong(
                "is there already: choose another name, or revoke it first".to_owned(),
            ));
        }
        let token = Token::generate(role).map_err(TokenFileError::Random)?;
        let stored = StoredToken::new(role, &name, &token).map_err(wrong)?;
        let list = self.list()?;
        list.push(stored.to_string());
        one_a_line(list);
        self.tokens.push(stored);
        self.save()?;
        Ok((token, name))
    }

    /// Takes the token of this name out of the file.
    ///
    /// # Errors
    /// A name that is not there; a file that cannot be written.
    pub fn revoke(&mut self, name: &str) -> Result<StoredToken, TokenFileError> {
        let Some(place) = self.tokens.iter().position(|token| token.name == name) else {
            let names: Vec<_> = self.tokens.iter().map(|token| token.name.as_str()).collect();
            let known = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
            return Err(TokenFileError::Unknown {
                path: self.path.clone(),
                name: name.to_owned(),
                known,
            });
        };
        let list = self.list()?;
        list.remove(place);
        one_a_line(list);
        let revoked = self.tokens.remove(place);
        self.save()?;
        Ok(revoked)
    }

    fn free_name(&self, role: Role) -> String {
        let taken = |name: &String| self.tokens.iter().any(|token| token.name == *name);
        let mut number = 1_usize;
        loop {
            let name = format!("{role}-{number}");
            if !taken(&name) {
                return name;
            }
            number += 1;
        }
    }

    /// The list in the document, made where there is none.
    fn list(&mut self) -> Result<&mut Array, TokenFileError> {
        let path = &self.path;
        let item = self.document.entry(TOKENS).or_insert_with(|| Item::Value(Array::new().into()));
        item.as_array_mut().ok_or_else(|| TokenFileError::Syntax {
            path: path.clone(),
            message: format!("`{TOKENS}` is no list"),
        })
    }

    /// Writes the file anew beside the old one, then puts it in its place: a crash leaves one of the two, whole.
    fn save(&self) -> Result<(), TokenFileError> {
        // The engine must start with what is written.
        let text = self.document.to_string();
        let mut settings = Settings::default();
        file::read_text(&mut settings, &self.path, &text)?;
        settings.check_tokens()?;
        replace(&self.path, text.as_bytes())
            .map_err(|cause| TokenFileError::Write { path: self.path.clone(), cause })
    }
}

/// Puts each entry on a line of its own, for people; comments between entries stay.
fn one_a_line(list: &mut Array) {
    for entry in list.iter_mut() {
        let decor = entry.decor_mut();
        let before = decor.prefix().and_then(|it| it.as_str()).unwrap_or_default().trim_end();
        let before =
            if before.is_empty() { "\n    ".to_owned() } else { format!("{before}\n    ") };
        decor.set_prefix(before);
    }
    let ends_on_its_own_line = !list.is_empty();
    list.set_trailing_comma(ends_on_its_own_line);
    let after = list.trailing().as_str().unwrap_or_default().trim_end().to_owned();
    list.set_trailing(if ends_on_its_own_line || !after.is_empty() {
        format!("{after}\n")
    } else {
        String::new()
    });
}

fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    // A link stays a link: what it leads to is written.
    let path = match fs::canonicalize(path) {
        Ok(real) => real,
        Err(error) if error.kind() == io::ErrorKind::NotFound => path.to_owned(),
        Err(error) => return Err(error),
    };
    let mut name = path.file_name().map_or_else(OsString::new, OsString::from);
    name.push(format!(".{}.new", std::process::id()));
    let new = path.with_file_name(name);
    let written = write_new(&new, &path, bytes).and_then(|()| fs::rename(&new, &path));
    if written.is_err() {
        // The reason for the failure is told; a leftover is only untidy.
        let _ = fs::remove_file(&new);
    }
    written?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

/// Writes a file that is its owner's alone, or that those can read who could read the one it is to replace: the engine
/// may run as somebody else.
fn write_new(new: &Path, old: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(MODE).open(new)?;
    file.write_all(bytes)?;
    match fs::metadata(old) {
        Ok(of_old) => {
            let of_new = file.metadata()?;
            if (of_old.uid(), of_old.gid()) != (of_new.uid(), of_new.gid()) {
                fchown(&file, Some(of_old.uid()), Some(of_old.gid()))?;
            }
            // Hashes are no secret, but nobody else needs them.
            let mode = (of_old.permissions().mode() & 0o660) | MODE;
            file.set_permissions(fs::Permissions::from_mode(mode))?;
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMMENTED: &str = "# The shop's.\narbiters = 2 # enough\n\n# Who may call.\ntokens = [\n    # the till\n]\n# Behind.\nlog = \"warn\"\n";

    fn file_with(text: &str) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().expect("a temporary directory");
        let path = folder.path().join("shop.toml");
        fs::write(&path, text).expect("a file");
        (folder, path)
    }

    fn open(path: &Path) -> TokenFile {
        TokenFile::open(Some(path.to_owned()), Path::new("")).expect("settings")
    }

    #[test]
    fn everything_else_in_the_file_stays() {
        let (_folder, path) = file_with(COMMENTED);
        let (token, name) = open(&path).add(Role::Sell, None).expect("written");
        assert_eq!(name, "sell-1");
        let (_, second) = open(&path).add(Role::Sell, None).expect("written");
        assert_eq!(second, "sell-2");
        let text = fs::read_to_string(&path).expect("a file");
        for kept in [
            "# The shop's.\narbiters = 2 # enough\n\n# Who may call.\ntokens = [",
            "# the till",
            "]\n# Behind.\nlog = \"warn\"\n",
        ] {
            assert!(text.contains(kept), "{kept} in\n{text}");
        }
        assert!(!text.contains(token.as_str()), "{text}");
        let hashes: Vec<_> = open(&path).tokens().iter().map(|it| it.hash).collect();
        assert_eq!(hashes[0], super::super::TokenHash::of(token.as_str()));
        open(&path).revoke("sell-1").expect("there");
        assert_eq!(open(&path).tokens()[0].name, "sell-2");
        open(&path).revoke("sell-2").expect("there");
        let text = fs::read_to_string(&path).expect("a file");
        assert!(open(&path).tokens().is_empty() && text.contains("# Behind."), "{text}");
    }

    #[test]
    fn a_file_is_made_for_its_owner_alone_and_one_that_is_there_stays_readable_to_its_group() {
        let folder = tempfile::tempdir().expect("a temporary directory");
        let mut made = TokenFile::open(None, folder.path()).expect("nothing there yet");
        made.add(Role::Admin, Some("back-office")).expect("written");
        let path = folder.path().join("saldo.toml");
        let mode = || fs::metadata(&path).expect("a file").permissions().mode() & 0o777;
        assert_eq!(mode(), 0o600);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).expect("a mode");
        open(&path).add(Role::Read, None).expect("written");
        assert_eq!(mode(), 0o640);
        assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 1, "no leftover");
    }

    #[test]
    fn names_are_taken_once() {
        let (_folder, path) = file_with("");
        let mut file = open(&path);
        file.add(Role::Sell, Some("till")).expect("free");
        let sentence = file.add(Role::Read, Some("till")).expect_err("taken").to_string();
        assert!(sentence.starts_with("the token `till` is there already"), "{sentence}");
        let sentence = file.add(Role::Read, Some("a b")).expect_err("no name").to_string();
        assert!(sentence.starts_with("the token `a b` has a name other than"), "{sentence}");
        let sentence = file.revoke("tills").expect_err("not there").to_string();
        assert!(sentence.ends_with("has no token named `tills`; it has till"), "{sentence}");
    }

    #[test]
    fn a_file_that_the_engine_would_not_take_is_left_alone() {
        for text in ["arbiters = 1\narbiters = 2\n", "tokens = \"x\"\n", "nonsense = 1\n"] {
            let (_folder, path) = file_with(text);
            TokenFile::open(Some(path.clone()), Path::new("")).expect_err(text);
            assert_eq!(fs::read_to_string(&path).expect("a file"), text);
        }
    }
}
