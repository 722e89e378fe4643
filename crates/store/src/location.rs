//! Where a store is: what `--state` takes.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

/// Where a store is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Location {
    /// A SQLite file. It is made where there is none.
    File(PathBuf),
    /// A PostgreSQL database, by its URL, which may hold a password.
    Postgres(String),
    /// Nothing is kept: a store in memory that ends with the process.
    None,
}

/// A URL of something that no store can be in. The rest of the URL, which may hold a password, is not said.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{beginning} is no store: it is the path of a SQLite file, postgres://USER@HOST/DATABASE (or postgresql://…), or none"
)]
pub struct NotALocation {
    beginning: String,
}

impl FromStr for Location {
    type Err = NotALocation;

    /// A URL that begins with `postgres://` or `postgresql://`, the word `none`, or else a path. A path that looks like a
    /// URL can be written as `./mysql://x`.
    fn from_str(text: &str) -> Result<Self, NotALocation> {
        match scheme(text) {
            Some("postgres" | "postgresql") => Ok(Self::Postgres(text.to_owned())),
            Some(scheme) => Err(NotALocation { beginning: format!("{scheme}://") }),
            // A URL that lacks a slash: as a path it would be shown, with its password, and be made.
            None if let Some((scheme, _)) =
                text.split_once(':').filter(|(scheme, _)| is_postgres(scheme)) =>
            {
                Err(NotALocation { beginning: format!("{scheme}:") })
            }
            None if text == "none" => Ok(Self::None),
            None => Ok(Self::File(text.into())),
        }
    }
}

fn is_postgres(scheme: &str) -> bool {
    ["postgres", "postgresql"].iter().any(|name| scheme.eq_ignore_ascii_case(name))
}

/// What stands before `://`, if it is what a URL begins with (RFC 3986, section 3.1).
fn scheme(text: &str) -> Option<&str> {
    let (scheme, _) = text.split_once("://")?;
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte);
    (scheme.starts_with(|first: char| first.is_ascii_alphabetic()) && scheme.bytes().all(allowed))
        .then_some(scheme)
}

/// The path, or the URL without what may be secret: the user, the password and the parameters.
impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Postgres(url) => {
                let rest = url.split_once("://").map_or("", |(_, rest)| rest);
                let (place, _) = rest.split_once(['?', '#']).unwrap_or((rest, ""));
                let authority = place.split('/').next().unwrap_or(place);
                match authority.rsplit_once('@') {
                    Some((user, _)) => write!(f, "postgres://{}", &place[user.len() + 1..]),
                    None if !rest.contains('@') => write!(f, "postgres://{place}"),
                    // A password with a character that should be escaped: where it ends cannot be told.
                    None => f.write_str("postgres://(an address that cannot be read)"),
                }
            }
            Self::None => f.write_str("none"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locations_are_told_apart() {
        let read = |text: &str| text.parse::<Location>().unwrap();
        assert_eq!(read("none"), Location::None);
        assert_eq!(read("./none"), Location::File("./none".into()));
        assert_eq!(read("postgresql://db/keysweep"), Location::Postgres("postgresql://db/keysweep".into()));
    }

    #[test]
    fn urls_of_anything_else_are_refused() {
        for (url, scheme) in [
            ("mysql://me:s3cr3t@db/keysweep", "mysql"),
            ("sqlite:///var/lib/state.db", "sqlite"),
            ("file:///var/lib/state.db", "file"),
            ("Postgres://db/keysweep", "Postgres"),
            ("s3+x.y-1://bucket/state", "s3+x.y-1"),
        ] {
            let error = url.parse::<Location>().unwrap_err().to_string();
            assert!(error.starts_with(&format!("{scheme}:// is no store: ")), "{error}");
            assert!(error.contains("postgres://USER@HOST/DATABASE") && !error.contains("s3cr3t"), "{error}");
        }
        for url in ["postgres:/me:s3cr3t@db/keysweep", "Postgresql:me:s3cr3t@db/keysweep"] {
            let error = url.parse::<Location>().unwrap_err().to_string();
            let (scheme, _) = url.split_once(':').unwrap();
            assert!(error.starts_with(&format!("{scheme}: is no store: ")), "{error}");
            assert!(!error.contains("s3cr3t"), "{error}");
        }
        for path in
            ["postgres", "./postgres:x", "./mysql://x", "/a://b", "1x://y", "C:\\keysweep\\state.db", "://x"]
        {
            assert_eq!(path.parse::<Location>(), Ok(Location::File(path.into())));
        }
    }

    #[test]
    fn a_password_is_never_shown() {
        for (url, shown) in [
            (
                "postgres://me:s3cr3t@db.example:5432/keysweep?sslmode=require",
                "postgres://db.example:5432/keysweep",
            ),
            ("postgres://me:s3c@r3t@db/keysweep", "postgres://db/keysweep"),
            ("postgres:///keysweep?host=/run/postgresql&password=s3cr3t", "postgres:///keysweep"),
            ("postgres://me:s3/cr?3t@db/keysweep", "postgres://(an address that cannot be read)"),
            ("postgres:///keysweep?password=s3c@r3t", "postgres://(an address that cannot be read)"),
            ("postgres://db.example/keysweep", "postgres://db.example/keysweep"),
        ] {
            assert_eq!(url.parse::<Location>().unwrap().to_string(), shown);
        }
    }
}
