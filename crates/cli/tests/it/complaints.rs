//! What the program says when something around it is wrong: which thing, where it was set, and what to do; once, in words, and
//! before anything is called where that can be known.

use std::net::TcpListener;

use crate::program::{Program, Run, keysweep, wait_until};
use crate::simulated::{Aws, OLD, old_key};

fn with_key(program: Program) -> Program {
    program.env("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE").env("AWS_SECRET_ACCESS_KEY", "secret")
}

/// Nothing that Rust wrote out for its programmers, no panic, and no line twice.
fn is_plain(run: &Run) {
    for text in [&run.stdout, &run.stderr] {
        for part in ["panicked", "SdkBody", "Request {", "Interceptor", "Some("] {
            assert!(!text.contains(part), "{part}: {text}");
        }
    }
    let said = run.stderr.lines().filter_map(|line| line.trim_start().split_once(": ").map(|(_, text)| text));
    let said: Vec<&str> = said.collect();
    for (index, text) in said.iter().enumerate() {
        assert!(
            !said[..index].iter().any(|earlier| earlier.contains(text)),
            "{text} is said twice: {said:?}"
        );
    }
}

#[test]
fn an_empty_endpoint_is_as_none() {
    let aws = Aws::with(|world| old_key(world, 1, OLD));
    for variable in ["AWS_ENDPOINT_URL_IAM", "AWS_ENDPOINT_URL_STS", "AWS_ENDPOINT_URL_CLOUDTRAIL"] {
        for verb in ["scan", "doctor"] {
            let run = aws.keysweep().env(variable, "").arg(verb).run();
            is_plain(&run);
            assert_eq!(run.code, if verb == "scan" { 3 } else { 0 }, "{variable}: {}", run.stderr);
        }
    }
    // A proxy that is not there keeps it from the network: the call was for AWS itself.
    let run = with_key(keysweep())
        .env("AWS_ENDPOINT_URL", "")
        .env("HTTPS_PROXY", "http://127.0.0.1:9")
        .args(["scan", "--region", "eu-central-1"])
        .run();
    is_plain(&run);
    assert_eq!(run.code, 1, "{}", run.stderr);
    assert!(run.stderr.contains("no connection to AWS"), "{}", run.stderr);
    assert!(run.stderr.contains("(in the region eu-central-1, as --region says)"), "{}", run.stderr);
}

#[test]
fn an_endpoint_that_is_no_url_is_told_before_any_call() {
    for verb in ["scan", "doctor", "plan"] {
        let run = with_key(keysweep()).env("AWS_ENDPOINT_URL", "localhost:4599").arg(verb).run();
        is_plain(&run);
        assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{verb}: {}", run.stderr);
        let told = "error: \"localhost:4599\" is not a URL: AWS_ENDPOINT_URL must begin with http://";
        assert!(run.stderr.starts_with(told) && run.stderr.contains("hint: "), "{verb}: {}", run.stderr);
    }
    let run = with_key(keysweep())
        .file("aws", "[profile dev]\nendpoint_url = localhost:4599\n")
        .env("AWS_CONFIG_FILE", "aws")
        .args(["scan", "--profile", "dev"])
        .run();
    assert_eq!(run.code, 2, "{}", run.stderr);
    assert!(run.stderr.contains("endpoint_url of the profile \"dev\" must"), "{}", run.stderr);
}

#[test]
fn a_region_that_is_none_is_named_with_where_it_comes_from() {
    for verb in ["scan", "doctor"] {
        let run = with_key(keysweep()).env("AWS_REGION", "EU_central").arg(verb).run();
        is_plain(&run);
        assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{}", run.stderr);
        assert!(
            run.stderr.contains("\"EU_central\" is not the name of a region: AWS_REGION must"),
            "{}",
            run.stderr
        );
        for part in ["--region", "AWS_REGION", "profile"] {
            assert!(run.stderr.contains(part), "{part}: {}", run.stderr);
        }
    }
    let aws = Aws::with(|world| old_key(world, 1, OLD));
    let run = aws.keysweep().env("AWS_REGION", "").args(["scan", "--quiet"]).run();
    assert_eq!((run.code, run.stderr.as_str()), (3, ""));
}

#[test]
fn an_aws_configuration_that_cannot_be_read_is_named_with_its_line() {
    let run = keysweep()
        .file("aws", "[default]\nregion = eu-west-1\n[profile audit\n")
        .env("AWS_CONFIG_FILE", "aws")
        .args(["scan"])
        .run();
    is_plain(&run);
    assert_eq!(run.code, 2, "{}", run.stderr);
    assert!(run.stderr.contains("error parsing aws on line 3: "), "{}", run.stderr);
    assert!(run.stderr.contains("AWS_CONFIG_FILE"), "{}", run.stderr);
}

#[test]
fn an_unknown_section_is_no_setting_with_a_wrong_name() {
    let run = keysweep().file("keysweep.toml", "[scan]\nthreshold = \"30d\"\n").args(["scan"]).run();
    assert_eq!(run.code, 2, "{}", run.stderr);
    assert!(
        run.stderr.contains(
            "keysweep.toml, line 1: there is no section [scan]; there are [clean_up] and [lifecycle]"
        ),
        "{}",
        run.stderr
    );
    assert!(!run.stderr.contains("nearest"), "{}", run.stderr);
}

#[test]
fn a_store_of_another_kind_is_refused() {
    let named = |program: Program| program.args(["scan"]);
    for run in [
        named(keysweep()).args(["--state", "mysql://me:s3cr3t@db/keysweep"]).run(),
        named(keysweep().env("KEYSWEEP_STATE", "mysql://me:s3cr3t@db/keysweep")).run(),
        named(keysweep().file("keysweep.toml", "state = \"mysql://me:s3cr3t@db/keysweep\"\n")).run(),
        keysweep().args(["history", "--state", "mysql://me:s3cr3t@db/keysweep"]).run(),
        keysweep().args(["state", "check"]).env("KEYSWEEP_STATE", "mysql://me:s3cr3t@db/keysweep").run(),
    ] {
        assert_eq!(run.code, 2, "{}", run.stderr);
        let told = "mysql:// is no store: it is the path of a SQLite file, postgres://USER@HOST/DATABASE";
        assert!(run.stderr.contains(told), "{}", run.stderr);
        says_no_secret(&run);
    }
}

/// Every secret of these tests has this in it.
const SECRET: &str = "s3cr3t";

fn says_no_secret(run: &Run) {
    assert!(!run.stdout.contains(SECRET) && !run.stderr.contains(SECRET), "{}{}", run.stdout, run.stderr);
}

#[test]
fn a_flag_that_is_refused_is_named_without_what_may_be_secret_in_its_value() {
    for verb in [
        &["scan"][..],
        &["history"],
        &["report"],
        &["plan"],
        &["clean", "--auto"],
        &["journal"],
        &["state", "check"],
        &["exempt", "list"],
    ] {
        for (value, told) in [
            (
                "mysql://me:s3cr3t@db/keysweep",
                "invalid value 'mysql://…' for '--state <STORE>': mysql:// is no store: it is the path",
            ),
            (
                "postgres:/me:s3cr3t@db/keysweep",
                "invalid value '…' for '--state <STORE>': postgres: is no store: it is the path",
            ),
        ] {
            let run = keysweep().args(verb).args(["--state", value]).run();
            assert_eq!(run.code, 2, "{verb:?}: {}", run.stderr);
            assert!(run.stderr.starts_with(&format!("error: {told}")), "{verb:?}: {}", run.stderr);
            says_no_secret(&run);
        }
    }
    for (arguments, told) in [
        (&["scan", "--to", "https://hooks.example/s3cr3t#x"][..], "invalid value 'https://…' for '--to <"),
        (&["scan", "--to", "https://me:s3cr3t@hooks.example/"], "invalid value 'https://…' for '--to <"),
        (&["scan", "--to", "hooks.example/s3cr3t"], "invalid value '…' for '--to <"),
        (&["policies", "--to", "hooks.example/s3cr3t"], "invalid value '…' for '--to <"),
        (&["scan", "--org", "--external-id", "s3cr3t id"], "invalid value '…' for '--external-id <ID>'"),
        (&["scan", "--format", "postgres://me:s3cr3t@db/x"], "invalid value 'postgres://…' for '--format <"),
        (&["history", "postgres://me:s3cr3t@db/x"], "unexpected argument 'postgres://…' found"),
        (&["history", "--postgres://me:s3cr3t@db/x"], "unexpected argument '--postgres://…' found"),
        (&["postgres://me:s3cr3t@db/x"], "unrecognized subcommand 'postgres://…'"),
    ] {
        let run = keysweep().args(arguments).run();
        assert_eq!(run.code, 2, "{arguments:?}: {}", run.stderr);
        assert!(run.stderr.contains(told), "{arguments:?}: {}", run.stderr);
        says_no_secret(&run);
    }
    // What is no secret is said as before.
    let run = keysweep().args(["scan", "--threshold", "45"]).run();
    assert!(run.stderr.contains("invalid value '45' for '--threshold <TIME>'"), "{}", run.stderr);
}

#[test]
fn variables_and_files_that_are_refused_are_named_without_what_may_be_secret_in_their_values() {
    for (name, value) in [
        ("state", "mysql://me:s3cr3t@db/keysweep"),
        ("state", "postgresql:me:s3cr3t@db/keysweep"),
        ("to", "https://hooks.example/s3cr3t#x"),
        ("to", "hooks.example/s3cr3t"),
        ("external-id", "s3cr3t id"),
    ] {
        let variable = format!("KEYSWEEP_{}", name.replace('-', "_").to_ascii_uppercase());
        let run = keysweep().env(&variable, value).args(["scan"]).run();
        assert_eq!(run.code, 2, "{variable}: {}", run.stderr);
        assert!(run.stderr.contains(&format!("environment variable {variable}: ")), "{}", run.stderr);
        says_no_secret(&run);
        let value = if name == "to" { format!("[{value:?}]") } else { format!("{value:?}") };
        let run = keysweep().file("keysweep.toml", &format!("{name} = {value}\n")).args(["scan"]).run();
        assert_eq!(run.code, 2, "{name}: {}", run.stderr);
        assert!(run.stderr.contains(&format!("keysweep.toml, line 1: {name}: ")), "{}", run.stderr);
        says_no_secret(&run);
    }
}

#[test]
fn a_database_that_cannot_be_reached_is_named_without_the_password() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let place = format!("127.0.0.1:{port}/keysweep");
    for store in [
        format!("postgres://me:s3cr3t@{place}"),
        format!("postgres://me:s3cr3t@x@{place}"),
        format!("postgres://me:s3cr3t%zz@{place}"),
        format!("postgres://me:s3cr3t/x@{place}"),
        format!("postgres://me:s3cr3t#x@{place}"),
        format!("postgres://me:s3cr3t?x@{place}"),
        format!("postgres://me:s3cr3t x@{place}"),
        format!("postgres://{place}?user=me&password=s3cr3t"),
        format!("postgres://{place}?user=me&passwort=s3cr3t&sslmode=disable"),
    ] {
        for options in [&[][..], &["--log-level", "debug", "--log-format", "json"]] {
            let run = keysweep().args(["scan", "--state", &store]).args(options).run();
            assert_eq!(run.code, 1, "{store}: {}", run.stderr);
            assert!(run.stderr.contains("could not be opened"), "{store}: {}", run.stderr);
            says_no_secret(&run);
        }
        let run = keysweep().env("KEYSWEEP_STATE", &store).args(["history"]).run();
        assert_eq!(run.code, 1, "{store}: {}", run.stderr);
        says_no_secret(&run);
    }
}

#[test]
fn a_database_that_refuses_connections_is_told_at_once() {
    // Nothing listens where a listener just was.
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let store = format!("postgres://me@127.0.0.1:{port}/keysweep");
    let run = keysweep().args(["history", "--state", &store]).run();
    is_plain(&run);
    assert_eq!(run.code, 1, "{}", run.stderr);
    let told = format!("the store postgres://127.0.0.1:{port}/keysweep could not be opened\n");
    assert!(run.stderr.contains(&told), "{}", run.stderr);
    assert!(run.stderr.contains("caused by: Connection refused"), "{}", run.stderr);
}

#[test]
fn flags_of_the_role_need_the_organization() {
    for (flag, value) in [
        ("--role-name", "Audit"),
        ("--role-path", "/security/"),
        ("--external-id", "8a1f"),
        ("--session-name", "nightly"),
        ("--session-duration", "30m"),
    ] {
        for verb in ["scan", "doctor", "plan"] {
            let run = keysweep().args([verb, flag, value]).run();
            assert_eq!(run.code, 2, "{verb} {flag}: {}", run.stderr);
            assert!(run.stderr.contains(&format!("{flag} needs --org")), "{verb}: {}", run.stderr);
        }
    }
    // The plan says whether there is an organization.
    let run = keysweep().args(["apply", "plan.json", "--external-id", "8a1f"]).run();
    assert!(run.stderr.contains("the plan plan.json could not be read"), "{}", run.stderr);
    let aws = Aws::with(|world| old_key(world, 1, OLD));
    let run = aws.keysweep().env("KEYSWEEP_ORG", "true").args(["scan", "--external-id", "8a1f"]).run();
    assert_eq!(run.code, 3, "{}", run.stderr);
}

#[test]
fn a_list_of_expected_accounts_that_is_wrong_is_told_once() {
    let run = keysweep()
        .file("accounts.txt", "111122223333\npayments\n")
        .args(["scan", "--expect-accounts", "accounts.txt"])
        .run();
    is_plain(&run);
    assert_eq!(run.code, 2, "{}", run.stderr);
    assert_eq!(run.stderr.matches("\"payments\"").count(), 1, "{}", run.stderr);
    assert!(run.stderr.contains("accounts.txt, line 2"), "{}", run.stderr);
}

#[test]
fn one_format_in_a_directory_has_its_usual_name() {
    let aws = Aws::with(|world| old_key(world, 1, OLD));
    for (format, file) in [("terminal", "summary.txt"), ("json", "assessment.json"), ("csv", "findings.csv")]
    {
        for (place, made) in [("there", true), ("new/", false)] {
            let mut program = aws.keysweep().args(["scan", "--format", format, "--output", place]);
            if made {
                std::fs::create_dir(program.directory().join(place)).unwrap();
            }
            let run = program.run();
            assert_eq!(run.code, 3, "{}", run.stderr);
            assert!(program.directory().join(place).join(file).is_file(), "{place}{file}");
            assert!(run.stderr.contains(&format!("{file} in {place}")), "{}", run.stderr);
        }
    }
    let help = keysweep().args(["scan", "--help"]).run().stdout;
    let words = help.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains("a directory, in which each format gets a file of its usual name"), "{words}");
}

#[cfg(target_os = "linux")]
#[test]
fn what_a_scan_cost_is_told_although_its_report_could_not_be_written() {
    let aws = Aws::with(|world| old_key(world, 1, OLD));
    let run = aws.keysweep().args(["scan", "--stats", "--output", "/dev/full"]).run();
    assert_eq!(run.code, 1, "{}", run.stderr);
    assert!(run.stderr.contains("/dev/full could not be written"), "{}", run.stderr);
    for part in ["Statistics", "sts:GetCallerIdentity", "iam:ListAccessKeys"] {
        assert!(run.stderr.contains(part), "{part}: {}", run.stderr);
    }
}

#[test]
fn what_a_killed_scan_left_beside_its_report_is_removed_by_the_next() {
    // It accepts, and never answers.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut killed = with_key(keysweep())
        .env("AWS_ENDPOINT_URL", &format!("http://{}", silent.local_addr().unwrap()))
        .args(["scan", "--state", "none", "--format", "json", "--output", "report.json"]);
    let directory = killed.directory().to_owned();
    let names = || {
        let entries = std::fs::read_dir(&directory).unwrap();
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    };
    let running = killed.start();
    wait_until(|| !names().is_empty());
    // One that is still being written stays.
    let aws = Aws::with(|world| old_key(world, 1, OLD));
    let scan = || {
        let report = directory.join("report.json");
        let output = report.to_str().unwrap();
        aws.keysweep().args(["scan", "--quiet", "--format", "json", "--output", output]).run()
    };
    assert_eq!(scan().code, 3);
    assert_eq!(names().len(), 2, "{:?}", names());
    // SIGKILL.
    drop(running);
    assert_eq!(names().len(), 2, "{:?}", names());
    assert_eq!(scan().code, 3);
    assert_eq!(names(), ["report.json"]);
}
