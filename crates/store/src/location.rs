//! Where a store is: what `--state` takes.

use std::convert::Infallible;
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

impl FromStr for Location {
    type Err = Infallible;

    /// A URL that begins with `postgres://` or `postgresql://`, the word `none`, or else a path.
    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(if text == "none" {
            Self::None
        } else if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            Self::Postgres(text.to_owned())
        } else {
            Self::File(text.into())
        })
    }
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
