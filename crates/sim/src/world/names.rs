//! Names for a world: accounts, users, roles, tags. Invented, in the style of real organizations.

use std::collections::BTreeSet;

use fastrand::Rng;

const FIRST: [&str; 40] = [
    "alice", "amara", "ana", "arjun", "bea", "carlos", "chen", "clara", "daniel", "elena", "emeka", "emma",
    "farid", "fatima", "george", "hana", "ines", "ivan", "jane", "jonas", "kenji", "lars", "leila", "liam",
    "lucia", "marek", "maria", "mei", "nadia", "noah", "olga", "omar", "priya", "rosa", "samir", "sofia",
    "tom", "uma", "yusuf", "zoe",
];
const LAST: [&str; 40] = [
    "abe",
    "ali",
    "andersson",
    "bauer",
    "brown",
    "chang",
    "costa",
    "diallo",
    "dubois",
    "evans",
    "fischer",
    "garcia",
    "haddad",
    "hansen",
    "ito",
    "jansen",
    "kaya",
    "khan",
    "kowalski",
    "kumar",
    "larsen",
    "lee",
    "lopez",
    "marino",
    "mbeki",
    "meyer",
    "moreau",
    "nguyen",
    "novak",
    "okafor",
    "patel",
    "popescu",
    "rossi",
    "santos",
    "sato",
    "silva",
    "smith",
    "tan",
    "weber",
    "yilmaz",
];
const APPS: [&str; 36] = [
    "billing",
    "orders",
    "payments",
    "checkout",
    "catalog",
    "search",
    "inventory",
    "shipping",
    "invoicing",
    "ledger",
    "fraud-detection",
    "recommendations",
    "data-lake",
    "etl",
    "reporting",
    "dashboard",
    "metrics",
    "log-shipper",
    "backup",
    "terraform",
    "jenkins",
    "github-actions",
    "gitlab-runner",
    "circleci",
    "datadog",
    "grafana",
    "vault",
    "mailer",
    "ses-smtp",
    "s3-sync",
    "image-resizer",
    "cdn-purge",
    "salesforce-sync",
    "sap-export",
    "legacy-ftp",
    "packer",
];
const ENVIRONMENTS: [&str; 6] = ["prod", "staging", "dev", "qa", "sandbox", "dr"];
const TEAMS: [&str; 10] =
    ["platform", "payments", "data", "growth", "security", "sre", "mobile", "web", "logistics", "finance"];
const ROLES: [&str; 4] = [
    "aws-reserved/sso.amazonaws.com/AWSReservedSSO_AdministratorAccess_4f1c2d7e9a0b3c5d",
    "OrganizationAccountAccessRole",
    "ci-deployer",
    "security-response",
];
const SERVICES: [&str; 10] =
    ["s3", "sts", "ec2", "dynamodb", "sqs", "iam", "secretsmanager", "ses", "logs", "kms"];
const REGIONS: [&str; 5] = ["us-east-1", "eu-west-1", "eu-central-1", "us-west-2", "ap-southeast-1"];

fn pick<'a>(rng: &mut Rng, words: &[&'a str]) -> &'a str {
    words[rng.usize(..words.len())]
}

/// The name of the nth account.
pub(crate) fn account(rng: &mut Rng, index: usize) -> String {
    match index {
        0 => "management".to_owned(),
        1 => "log-archive".to_owned(),
        2 => "security-tooling".to_owned(),
        3 => "shared-network".to_owned(),
        _ => {
            let (app, environment) = (pick(rng, &APPS), pick(rng, &ENVIRONMENTS));
            if index < 40 { format!("{app}-{environment}") } else { format!("{app}-{environment}-{index}") }
        }
    }
}

/// A user's name and path that are not taken, and whether it is a person.
pub(crate) fn user(rng: &mut Rng, taken: &mut BTreeSet<String>) -> (String, &'static str, bool) {
    let person = rng.u8(..100) < 40;
    let mut attempts = 0_u32;
    loop {
        attempts += 1;
        let mut name = if person {
            let (first, last) = (pick(rng, &FIRST), pick(rng, &LAST));
            match rng.u8(..4) {
                0 => format!("{first}.{last}@example.com"),
                1 => format!("{}{last}", first.get(..1).unwrap_or(first)),
                _ => format!("{first}.{last}"),
            }
        } else {
            let (app, environment) = (pick(rng, &APPS), pick(rng, &ENVIRONMENTS));
            match rng.u8(..4) {
                0 => format!("svc-{app}-{environment}"),
                1 => format!("{app}_{environment}"),
                2 => format!("{app}-{environment}-ci"),
                _ => format!("{app}-{environment}"),
            }
        };
        if attempts > 3 {
            name = format!("{name}-{}", rng.u32(2..1_000_000));
        }
        if taken.insert(name.to_ascii_lowercase()) {
            let path = match (person, rng.u8(..10)) {
                (false, 0..4) => "/service/",
                (false, 4) => "/service/legacy/",
                (true, 0..2) => "/people/",
                _ => "/",
            };
            return (name, path, person);
        }
    }
}

/// A team, and somebody of it.
pub(crate) fn owner(rng: &mut Rng) -> (&'static str, String) {
    let (first, last) = (pick(rng, &FIRST), pick(rng, &LAST));
    (pick(rng, &TEAMS), format!("{first}.{last}@example.com"))
}

/// A role that administers accounts, and the session of somebody who uses it.
pub(crate) fn operator(dice: u64) -> (&'static str, String) {
    let mut rng = Rng::with_seed(dice);
    let role = pick(&mut rng, &ROLES);
    let session = if role == "ci-deployer" {
        format!("github-actions-{}", rng.u32(10_000..99_999))
    } else {
        format!("{}.{}", pick(&mut rng, &FIRST), pick(&mut rng, &LAST))
    };
    (role, session)
}

/// A service and a region where a key was last used. IAM, STS and S3 are often recorded without their region.
pub(crate) fn usage(rng: &mut Rng) -> (&'static str, &'static str) {
    let service = pick(rng, &SERVICES);
    let region = match service {
        "iam" => "us-east-1",
        "s3" if rng.u8(..5) == 0 => "N/A",
        _ => pick(rng, &REGIONS),
    };
    (service, region)
}
