//! Texts of AWS and of keysweep with names and ids in them: messages, ARNs, details. Only words that are known to be AWS's or
//! keysweep's own stay; every other word is replaced, so that a name that nobody thought of cannot slip through.

use std::collections::HashSet;
use std::net::IpAddr;
use std::sync::LazyLock;

use keysweep_core::call::Call;
use keysweep_core::time::Instant;

use super::pseudonym::Pseudonyms;

/// The words that stay, in lower case: those of AWS's refusals (IAM User Guide, "Troubleshoot access denied error messages"),
/// of the HTTP client's errors, and of keysweep's own details. A name that is one of them stays inside such texts too, where it
/// tells nothing.
const WORDS: &str = "
    a accept access accessdenied accessdeniedexception account action active after again all allow allowed allows an and answer
    any are argument as at available aws back based be because been before boundary broken but by call called caller calls can
    cannot changed close closed code column complete conn connect connection contains control could credential credentials
    cut damaged date days denied denies deny denying did dispatch dns does empty end endpoint error errors event events
    exceeded exist exists expected expired explicit explicitly external failed failure fault file files for forbidden found
    from generated had has have header history host hour hours http https iam id identity identity-based in inactive
    incomplete internal invalid io is it its json key keys later limit line list long made management message
    minutes missing more name named names network no not nothing number occurred of off on one only operation or organization
    organizations os out partition perform performed permission permissions please policies policy principal profile provided
    rate read reading record records refused region report request requests required reset resource resource-based response
    retry role root row rows s second seconds server service session signature so status sts such tcp temporarily than that the
    then there this throttled throttling time timed timeout timestamp tls to token too try trying trust twice two unable
    unavailable understood unexpected unknown until use used user users valid value values version vpc wait was were when where
    which while who whole with without yet you your
    authorized arn aws-cn aws-us-gov assumed-role federated-user cloudtrail us-east-1 us-gov-west-1 cn-north-1
    access_key_1_active access_key_2_active access_key_1_last_rotated access_key_2_last_rotated user_creation_time
    iam.amazonaws.com cloudtrail.amazonaws.com sts.amazonaws.com organizations.amazonaws.com root_account
    credential_report accesskeyid username updateaccesskey eventid eventtime requestparameters useridentity errorcode
    recipientaccountid";

static KEPT: LazyLock<HashSet<String>> = LazyLock::new(|| {
    let calls = Call::ALL.iter().map(|call| {
        let name = call.to_string();
        name.rsplit(':').next().unwrap_or(&name).to_lowercase()
    });
    WORDS.split_whitespace().map(str::to_owned).chain(calls).collect()
});

/// Numbers up to so many digits are counts and codes. Whatever is longer may be an id.
const DIGITS: usize = 3;

/// What may stand at either end of a word without belonging to it.
const EDGES: [char; 6] = ['.', ',', '=', '+', '@', '-'];

/// The text with pseudonyms for every word that is not known.
pub(super) fn anonymous(text: &str, pseudonyms: &Pseudonyms) -> String {
    let mut anonymous = String::with_capacity(text.len());
    for word in text.split_inclusive(char::is_whitespace) {
        let inner = word.trim_end_matches(|char: char| char.is_whitespace() || ".,;)".contains(char));
        if inner.parse::<Instant>().is_ok() {
            anonymous.push_str(word);
        } else if inner.parse::<IpAddr>().is_ok() {
            anonymous.push_str(&pseudonyms.of(inner));
            anonymous.push_str(&word[inner.len()..]);
        } else {
            words(word, pseudonyms, &mut anonymous);
        }
    }
    anonymous
}

/// Replaces within what stands between two spaces: `(arn:aws:iam::111122223333:user/alice)`.
fn words(mut text: &str, pseudonyms: &Pseudonyms, to: &mut String) {
    while let Some(start) = text.find(is_of_a_name) {
        to.push_str(&text[..start]);
        let rest = &text[start..];
        let end = rest.find(|char| !is_of_a_name(char)).unwrap_or(rest.len());
        let word = rest[..end].trim_matches(EDGES);
        if word.is_empty() || stays(word) {
            to.push_str(&rest[..end]);
        } else {
            let before = end - rest[..end].trim_start_matches(EDGES).len();
            to.push_str(&rest[..before]);
            to.push_str(&pseudonyms.of(word));
            to.push_str(&rest[before + word.len()..end]);
        }
        text = &rest[end..];
    }
    to.push_str(text);
}

/// The characters of IAM's names (`[\w+=,.@-]`), and everything beyond ASCII that is no space.
fn is_of_a_name(char: char) -> bool {
    char.is_ascii_alphanumeric()
        || char == '_'
        || EDGES.contains(&char)
        || (!char.is_ascii() && !char.is_whitespace())
}

fn stays(word: &str) -> bool {
    let is_short = word.len() <= DIGITS && word.bytes().all(|byte| byte.is_ascii_digit());
    is_short || KEPT.contains(&word.to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_known_words_stay() {
        let pseudonyms = Pseudonyms::new(b"a key");
        let (account, x) = (pseudonyms.of("222233334444"), pseudonyms.of("x"));
        let (role, address) = (pseudonyms.of("keysweep"), pseudonyms.of("10.1.2.3"));
        for (text, shown) in [
            (
                "User: arn:aws:sts::222233334444:assumed-role/keysweep/x is not authorized to perform: iam:ListUsers with an \
                 explicit deny in a service control policy",
                format!(
                    "User: arn:aws:sts::{account}:assumed-role/{role}/{x} is not authorized to perform: iam:ListUsers with an \
                     explicit deny in a service control policy"
                ),
            ),
            ("(10.1.2.3), 503.", format!("({address}), 503.")),
            ("x, or -x-.", format!("{x}, or -{x}-.")),
            ("the report of 2026-11-23T03:04:00Z", "the report of 2026-11-23T03:04:00Z".to_owned()),
            ("数据平台!", format!("{}!", pseudonyms.of("数据平台"))),
            ("", String::new()),
        ] {
            assert_eq!(anonymous(text, &pseudonyms), shown);
        }
    }
}
