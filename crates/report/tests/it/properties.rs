//! What must hold for any names and messages that AWS or its users come up with.

use keysweep_core::account::{AccountState, OrganizationalUnit, Tags};
use keysweep_core::assessment::{AccountStatus, Assessment, SkipReason};
use keysweep_core::call::Call;
use keysweep_core::evidence::{EventId, Evidence, ObservationSource, Target};
use keysweep_core::exemption::Standing;
use keysweep_core::finding::Finding;
use keysweep_core::key::{AccessKeyId, KeyStatus, LastUsed, Owner};
use keysweep_core::problem::{Gap, Problem};
use keysweep_report::csv::harmless;
use keysweep_report::visible::is_hidden;
use keysweep_report::{Compared, Format, Options, Style, render};
use proptest::prelude::*;
use unicode_width::UnicodeWidthStr as _;

use crate::csv_rows::rows;
use crate::{samples, security_tools};

/// Text with what breaks outputs in it more often than chance has it.
pub(crate) fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        any::<char>().prop_map(String::from),
        "[ -~]{0,12}",
        Just("</script><script>alert(1)</script><img src=x onerror=\"alert(1)\">'&amp;&#60;".to_owned()),
        "[=+@\t\r\n,\"'\\\\-]{1,3}",
        // What ends a CDATA section, a comment, a style sheet, a cell or a span of code.
        "(\\]\\]>|-->|</style>|</noscript>|`{1,3}|\\||\\\\){1,2}",
        // What CI services take for commands; a blank before it may become the end of a line.
        "[ \u{3000}]?(::error::|::set-output name=a::|::stop-commands::x|##vso\\[task.prependpath\\]|##\\[group\\]|##teamcity\\[)",
        "\u{1b}(\\[[0-9;]{0,4}[mHJK]|\\]0;title\u{7}|\\]8;;http://x\u{1b}\\\\)",
        "[\u{0}-\u{1f}\u{7f}-\u{9f}\u{200b}-\u{200f}\u{202a}-\u{202e}\u{2066}-\u{2069}]{1,3}",
        "[数据平台ｱ👩👍]{1,20}",
        Just("AKIAIOSFODNN7EXAMPLE".to_owned()),
    ];
    prop::collection::vec(piece, 1..6)
        .prop_map(|pieces| pieces.concat())
        .prop_filter("no user has an empty name", |text| !text.is_empty())
}

fn id() -> impl Strategy<Value = String> {
    // The lower-case letters keep random ids from being a word of the outputs' own, such as a column's name.
    prop_oneof!["(AKIA|ASIA)[A-Z0-9]{12,20}", "k[a-z0-9]{4}_q[A-Za-z0-9_]{12,30}"]
}

/// An assessment in which every text that can come from outside is one of `texts`.
pub(crate) fn filled(texts: &[String], ids: &[String]) -> Assessment {
    let mut next = texts.iter().cycle().cloned();
    let mut text = move || next.next().unwrap();
    let mut next = ids.iter().cycle();
    let mut id = move || next.next().unwrap().parse::<AccessKeyId>().unwrap();
    let account_id = "111122223333";

    let finding = |finding: Finding, text: &mut dyn FnMut() -> String, key: AccessKeyId| {
        let mut evidence = finding.evidence.clone();
        if let Evidence::Changed(mut change) = samples::change(1, "x", samples::NOW, KeyStatus::Inactive) {
            change.key = key.clone();
            change.target = Target::User(text().parse().unwrap());
            change.event = EventId::new(&text());
            (change.actor, change.source_ip) = (Some(text()), Some(text()));
            evidence.push(Evidence::Changed(change));
        }
        let scan = ObservationSource::EarlierScan(text());
        evidence.push(samples::look(samples::NOW, samples::NOW, KeyStatus::Inactive, scan));
        Finding {
            owner: Owner::User { name: text().parse().unwrap(), arn: text() },
            key: Some(key),
            tags: Some(Tags::from([(text(), text()), ("owner".to_owned(), text())])),
            last_used: LastUsed::At {
                at: samples::at(samples::NOW),
                service: Some(text()),
                region: Some(text()),
            },
            evidence,
            exemption: Some(Standing::KeepTag { name: text(), value: text() }),
            ..finding
        }
    };
    let problem = |gap: Gap, text: &mut dyn FnMut() -> String| {
        let mut error = samples::denied(Call::ListAccessKeys, &text(), &text());
        error.request_id = Some(text());
        Problem { detail: Some(text()), ..samples::problem(account_id, gap, Some(error)) }
    };

    let mut one = samples::account(account_id, Some(&text()));
    one.account.state = Some(AccountState::Other(text()));
    one.account.path = Some(vec![
        OrganizationalUnit { id: text(), name: text() },
        OrganizationalUnit { id: text(), name: text() },
    ]);
    one.account.tags = Some(Tags::from([(text(), text())]));
    one.findings = vec![
        finding(samples::long_term(account_id, "a", 1), &mut text, id()),
        finding(samples::recent(account_id, "b", 2), &mut text, id()),
        finding(samples::undetermined(account_id, "c", 3), &mut text, id()),
        finding(samples::contradictory(account_id, "d", 4), &mut text, id()),
        samples::root_key(account_id),
    ];
    let (user, key) = (text().parse().unwrap(), id());
    one.problems = vec![
        problem(Gap::HistoryNotRead, &mut text),
        problem(Gap::EventNotUnderstood { event: Some(text()) }, &mut text),
        problem(Gap::UnknownStatus { user, key, status: text() }, &mut text),
        problem(Gap::KeysNotListed { user: text().parse().unwrap() }, &mut text),
    ];
    one.status = AccountStatus::Partial;
    let mut other = samples::account("222233334444", Some(&text()));
    other.status = AccountStatus::Skipped(SkipReason::State(text()));

    let mut assessment = samples::assessment(vec![one, other]);
    (assessment.id, assessment.version, assessment.caller.arn) = (text(), text(), text());
    assessment.problems = vec![problem(Gap::AccountsNotListed, &mut text)];
    assessment
}

/// Whether there is an id that `--mask` promises to hide.
fn unmasked(output: &str, ids: &[String]) -> Option<String> {
    let known = ids.iter().find(|id| output.contains(id.as_str())).cloned();
    known.or_else(|| {
        let looks_like = |start: usize| {
            let tail = output[start..].bytes().skip(4);
            tail.take_while(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit()).count() >= 12
        };
        let starts = output.match_indices("AKIA").chain(output.match_indices("ASIA"));
        starts.map(|(at, _)| at).find(|&at| looks_like(at)).map(|at| output[at..].chars().take(24).collect())
    })
}

/// A line in which a CI service finds a command: Azure Pipelines, `TeamCity` and the first form of GitHub Actions anywhere, the
/// second form of GitHub Actions after blanks at its beginning.
fn command(output: &str) -> Option<&str> {
    let anywhere = |line: &str| {
        let after = line.match_indices("##").map(|(at, _)| line[at..].trim_start_matches('#'));
        let mut after = after.map(|after| after.trim_start_matches(|char: char| char.is_ascii_lowercase()));
        after.any(|after| after.starts_with('['))
    };
    output.lines().find(|line| line.trim_start().starts_with("::") || anywhere(line))
}

fn without_colour(text: &str) -> String {
    let mut plain = String::new();
    for (number, piece) in text.split('\u{1b}').enumerate() {
        plain.push_str(if number == 0 { piece } else { piece.split_once('m').unwrap().1 });
    }
    plain
}

/// The tags of a page, without the values of quoted attributes.
fn tags(page: &str) -> Vec<String> {
    let body = page.split_once("</head>").unwrap().1.rsplit_once("<script>").unwrap().0;
    let unquoted = |tag: &str| tag.split('"').step_by(2).collect::<String>();
    body.split('<').skip(1).map(|piece| unquoted(piece.split_once('>').unwrap().0)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]

    #[test]
    fn no_unmasked_id_survives_in_any_format(
        texts in prop::collection::vec(text(), 4..12),
        ids in prop::collection::vec(id(), 3..6),
        prefix in "[a-zA-Z_]{0,3}",
    ) {
        // The ids stand in the texts too, alone and inside words.
        let mut texts = texts;
        for (at, id) in ids.iter().enumerate() {
            texts.push(format!("{prefix}{id}{}", ids[(at + 1) % ids.len()]));
            texts.push(format!("is {id}, denied"));
        }
        // One of them is known from the earlier scan alone, of which only the formats for people tell.
        let (assessment, earlier) = (filled(&texts, &ids[1..]), filled(&texts, &ids));
        let compared = Some(Compared { earlier, became: Vec::new() });
        // Nobody writes a PDF into a log, and its lines are broken where the page ends.
        for &format in Format::ALL.iter().filter(|format| **format != Format::Pdf) {
            let widths: &[_] = if format == Format::Terminal { &[None, Some(60), Some(150)] } else { &[None] };
            for &width in widths {
                let style = Style { width, max_rows: 100, colour: false };
                let options = Options { mask: true, style, compared: compared.clone(), ..Options::default() };
                let output = render(&assessment, format, &options).unwrap();
                let tells = matches!(
                    format,
                    Format::Terminal | Format::Html | Format::Pdf | Format::Markdown | Format::GithubSummary
                );
                let known = if tells { &ids[..] } else { &ids[1..] };
                prop_assert_eq!(unmasked(&output, known), None, "{}", format);
            }
        }
    }

    #[test]
    fn hidden_characters_reach_no_reader(texts in prop::collection::vec(text(), 4..12)) {
        let assessment = filled(&texts, &[samples::key_id(1)]);
        let earlier = filled(&texts, &[samples::key_id(2)]);
        let options = Options { compared: Some(Compared { earlier, became: Vec::new() }), ..Options::default() };
        let newline = |char: &char| *char != '\n';
        for &format in Format::ALL {
            let output = render(&assessment, format, &options).unwrap();
            let output = if format == Format::Csv { output.replace("\r\n", "\n") } else { output };
            let hidden: Vec<char> = output.chars().filter(newline).filter(|char| is_hidden(*char)).collect();
            prop_assert_eq!(hidden, Vec::<char>::new(), "{}", format);
        }
    }

    #[test]
    fn no_name_is_a_command_to_a_ci_service(texts in prop::collection::vec(text(), 4..12), width in 60_usize..200) {
        let assessment = filled(&texts, &[samples::key_id(1)]);
        let earlier = filled(&texts, &[samples::key_id(2)]);
        let compared = Some(Compared { earlier, became: Vec::new() });
        for &format in Format::ALL {
            let widths: &[_] = if format == Format::Terminal { &[None, Some(width)] } else { &[None] };
            for &width in widths {
                let style = Style { width, max_rows: 100, colour: false };
                let options = Options { style, compared: compared.clone(), ..security_tools::settled() };
                let output = render(&assessment, format, &options).unwrap();
                prop_assert_eq!(command(&output), None, "{}", format);
            }
        }
    }

    #[test]
    fn summaries_fit_the_terminal(texts in prop::collection::vec(text(), 4..12), width in 20_usize..200) {
        let assessment = filled(&texts, &[samples::key_id(1)]);
        let render = |colour| {
            let style = Style { colour, width: Some(width), max_rows: 3 };
            render(&assessment, Format::Terminal, &Options { style, ..Options::default() }).unwrap()
        };
        let plain = render(false);
        for line in plain.lines() {
            prop_assert!(line.width() <= width.max(60), "{} in {}", line.width(), line);
        }
        prop_assert_eq!(without_colour(&render(true)), plain);
    }

    #[test]
    fn csv_is_read_back(texts in prop::collection::vec(text(), 4..12)) {
        let assessment = filled(&texts, &[samples::key_id(1), samples::key_id(2)]);
        let csv = render(&assessment, Format::Csv, &Options::default()).unwrap();
        let rows = rows(&csv);
        prop_assert_eq!(csv.lines().count(), rows.len() + 1, "one line for each record");
        let account = &assessment.accounts[0];
        let name = account.account.name.as_deref().unwrap();
        let findings: Vec<_> = rows.iter().filter(|row| row["record"] == "finding").collect();
        prop_assert_eq!(findings.len(), account.findings.len());
        for (row, finding) in findings.iter().zip(&account.findings) {
            prop_assert_eq!(row["account_name"].as_str(), harmless(name));
            prop_assert_eq!(row["user_name"].as_str(), harmless(finding.owner.name()));
            prop_assert_eq!(row["owner_tag"].as_str(), harmless(finding.owner_tag().unwrap_or_default()));
            prop_assert_eq!(row["verdict"].as_str(), finding.verdict.name());
        }
        for cell in rows.iter().flat_map(|row| row.values()) {
            prop_assert!(!cell.trim_start().starts_with(['=', '+', '-', '@', '\t', '\r']), "{}", cell);
        }
    }

    #[test]
    fn junit_is_read_back(texts in prop::collection::vec(text(), 4..12)) {
        let assessment = filled(&texts, &[samples::key_id(1), samples::key_id(2)]);
        let xml = render(&assessment, Format::Junit, &Options::default()).unwrap();
        let cases = crate::pipelines::cases(&xml);
        prop_assert_eq!(cases.len(), 5 + 4 + 1 + 1, "keys, problems of the account and the organization, skipped");
        let names: Vec<_> = cases.iter().map(|case| case.name.as_str()).collect();
        for finding in &assessment.accounts[0].findings {
            let user = keysweep_report::visible::visible(finding.owner.name());
            prop_assert!(names.iter().any(|name| name.contains(&*user)), "{} is not in {:?}", user, names);
        }
    }

    #[test]
    fn markdown_keeps_its_tables_whatever_is_in_them(texts in prop::collection::vec(text(), 4..12)) {
        let assessment = filled(&texts, &[samples::key_id(1), samples::key_id(2)]);
        let earlier = filled(&texts, &[samples::key_id(3), samples::key_id(4)]);
        let options = Options { compared: Some(Compared { earlier, became: Vec::new() }), ..Options::default() };
        for format in [Format::Markdown, Format::GithubSummary] {
            let page = render(&assessment, format, &options).unwrap();
            let mut columns = 0;
            for line in page.lines() {
                let outside: String = line.split('`').step_by(2).collect();
                prop_assert!(!outside.contains(['<', '@', '[', '\\']), "only code spans hold what is not ours: {}", line);
                prop_assert_eq!(line.matches('`').count() % 2, 0, "{}", line);
                let bars = line.matches('|').count();
                if line.starts_with('|') {
                    prop_assert!(columns == 0 || columns == bars, "{} bars: {}", columns, line);
                    columns = bars;
                } else {
                    prop_assert_eq!(bars, 0, "{}", line);
                    columns = 0;
                }
            }
        }
    }

    #[test]
    fn no_text_changes_the_tags_of_the_page(texts in prop::collection::vec(text(), 4..12)) {
        // Texts that are alike stay alike, for they may be grouped.
        let plain: Vec<String> =
            texts.iter().map(|text| format!("t{}", texts.iter().position(|other| other == text).unwrap())).collect();
        let tags = |texts: &[String]| {
            let assessment = filled(texts, &[samples::key_id(1), samples::key_id(2)]);
            // Compared with one that has none of its keys, so that all of them are told of a second time.
            let earlier = filled(texts, &[samples::key_id(3), samples::key_id(4)]);
            let options = Options { compared: Some(Compared { earlier, became: Vec::new() }), ..Options::default() };
            tags(&render(&assessment, Format::Html, &options).unwrap())
        };
        prop_assert_eq!(tags(&texts), tags(&plain));
    }

    #[test]
    fn json_keeps_every_text_as_it_is(texts in prop::collection::vec(text(), 4..12)) {
        let assessment = filled(&texts, &[samples::key_id(1)]);
        let json = render(&assessment, Format::Json, &Options::default()).unwrap();
        let json: serde_json::Value = serde_json::from_str(&json).unwrap();
        let account = &assessment.accounts[0];
        prop_assert_eq!(json["accounts"][0]["account_name"].as_str(), account.account.name.as_deref());
        let finding = &json["accounts"][0]["findings"][0];
        prop_assert_eq!(finding["user_name"].as_str(), Some(account.findings[0].owner.name()));
        let error = account.problems[0].error.as_ref().unwrap();
        prop_assert_eq!(json["accounts"][0]["problems"][0]["error_message"].as_str(), Some(error.message.as_str()));
    }
}

#[test]
fn ids_of_findings_stay_unique_where_masks_make_keys_alike() {
    let mut assessment = samples::every_verdict();
    let twins = ["AKIAAAAAAAAAAAAAMPLE", "AKIABBBBBBBBBBBBMPLE"];
    assessment.accounts[0].findings = twins
        .iter()
        .map(|id| Finding { key: Some(id.parse().unwrap()), ..samples::long_term("111122223333", "a", 1) })
        .chain([samples::root_key("111122223333"), samples::root_key("111122223333")])
        .collect();
    let mask = keysweep_report::mask::Mask::on(&assessment);
    let ids: Vec<_> =
        keysweep_report::identity::identified(&assessment.accounts[0], &mask).map(|(id, _)| id).collect();
    assert_eq!(
        ids,
        [
            "111122223333:AKIA************MPLE:2023-02-01T08:00:00Z",
            "111122223333:AKIA************MPLE:2023-02-01T08:00:00Z:2",
            "111122223333:root:2023-02-01T08:00:00Z",
            "111122223333:root:2023-02-01T08:00:00Z:2",
        ]
    );
}
