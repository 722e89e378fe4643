//! The PDF: what its pages say, that it is the same for the same assessment, and that no text breaks it. That other programs
//! can read it is shown by `scripts/clients/test_pdf.py`.

use keysweep_core::assessment::Assessment;
use keysweep_report::trend::Point;
use keysweep_report::{Compared, Format, Options, pdf, write};
use proptest::prelude::*;

use crate::diff::eventful;
use crate::properties::{filled, text};
use crate::samples;

fn bytes(assessment: &Assessment, mask: bool) -> Vec<u8> {
    let mut bytes = Vec::new();
    write(assessment, Format::Pdf, &Options { mask, ..Options::default() }, &mut bytes).unwrap();
    bytes
}

/// What the pages say, each after a line.
fn pages(assessment: &Assessment, mask: bool) -> String {
    said(assessment, &Options { mask, ..Options::default() })
}

fn said(assessment: &Assessment, options: &Options) -> String {
    let pages = pdf::text(assessment, options).unwrap();
    pages.join("\n---------------- page ----------------\n")
}

#[test]
fn pages_say_what_the_other_formats_say() {
    for (name, assessment) in samples::all() {
        insta::assert_snapshot!(format!("pdf_{name}"), pages(&assessment, false));
    }
}

#[test]
fn the_same_assessment_makes_the_same_bytes() {
    for (name, assessment) in samples::all() {
        let first = bytes(&assessment, false);
        assert!(first.starts_with(b"%PDF-1."), "{name}");
        assert!(first.trim_ascii_end().ends_with(b"%%EOF"), "{name}");
        assert!(first == bytes(&assessment, false), "{name}");
    }
}

#[test]
fn masked_pages_have_no_key_id() {
    for (name, assessment) in samples::all() {
        let text = pages(&assessment, true);
        for finding in assessment.findings() {
            let Some(key) = &finding.key else { continue };
            assert!(!text.contains(key.as_str()), "{name}");
            assert!(text.contains(&key.masked()), "{name}");
        }
    }
}

#[test]
fn a_long_list_goes_over_pages_and_every_key_is_on_one() {
    let mut assessment = samples::organization();
    assessment.accounts[0].findings =
        (0..250).map(|number| samples::long_term("111122223333", "ci", number)).collect();
    let pages = pdf::text(&assessment, &Options::default()).unwrap();
    assert!(pages.len() > 10, "{}", pages.len());
    let all = pages.concat();
    for number in 0..250 {
        assert!(all.contains(&samples::key_id(number)), "{number}");
    }
    for (number, page) in (1..).zip(&pages) {
        assert!(page.contains(&format!("Page {number} of {}", pages.len())), "{page}");
    }
}

#[test]
fn what_is_not_listed_is_counted() {
    let mut assessment = samples::organization();
    assessment.accounts[0].findings =
        (0..10_003).map(|number| samples::long_term("111122223333", "ci", number)).collect();
    let pages = pdf::text(&assessment, &Options::default()).unwrap();
    let last = pages.last().unwrap();
    assert!(
        last.contains("4 more keys in the CSV, JSON and HTML reports; they are not listed here."),
        "{last}"
    );
}

#[test]
fn what_changed_and_the_trend_stand_in_the_summary() {
    let (earlier, later) = eventful();
    let point = |at: &str, long_term, others, is_complete| Point {
        at: samples::at(at),
        long_term,
        others,
        is_complete,
    };
    let trend = vec![point("2026-11-03T07:12:00Z", 12, 3, false), point("2026-11-13T07:12:00Z", 3, 4, true)];
    let compared = Some(Compared { earlier, became: Vec::new() });
    let options = Options { trend, compared, ..Options::default() };
    let told = said(&later, &options);
    insta::assert_snapshot!("pdf_compared", told);
    let before_the_list = told.split("User and key").next().unwrap();
    assert!(before_the_list.contains("What changed") && before_the_list.contains("Inactive keys by scan"));
    let masked = said(&later, &Options { mask: true, ..options });
    assert!(!masked.contains(&samples::key_id(3)), "the key that only the earlier scan has is masked too");
}

#[test]
fn letters_that_the_fonts_lack_are_written_as_code_points_in_full() {
    let name = "数据平台 Zoë محمد 👩 데이터";
    let mut assessment = samples::organization();
    assessment.accounts[0].account.name = Some(name.to_owned());
    let told = pages(&assessment, false);
    let (list, names) = told.split_once("Names written as code points").unwrap();
    assert!(list.contains("\\u{6570 636e} Zoë") || list.contains("\\u{6570 636e"), "{list}");
    assert!(list.contains("Letters that the fonts of this document lack"), "{list}");
    // Lines are broken where there is no more room.
    let names: String = names.lines().collect();
    let full = "Account 111122223333\\u{6570 636e 5e73 53f0} Zoë محمد \\u{1f469} \\u{b370 c774 d130}";
    assert!(names.contains(full), "{names}");
    assert!(!told.contains('数') && !told.contains('\u{25a1}'), "{told}");
    let plain = pages(&samples::organization(), false);
    assert!(!plain.contains("code points"), "{plain}");
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(20) })]

    #[test]
    fn no_text_breaks_it_or_acts_in_it(texts in prop::collection::vec(text(), 4..12), longer in 0_usize..500) {
        let texts: Vec<String> =
            texts.iter().map(|text| text.chars().cycle().take(text.chars().count() + longer).collect()).collect();
        let assessment = filled(&texts, &[samples::key_id(1)]);
        let earlier = filled(&texts, &[samples::key_id(2)]);
        let options = Options { compared: Some(Compared { earlier, became: Vec::new() }), ..Options::default() };
        let mut made = Vec::new();
        write(&assessment, Format::Pdf, &options, &mut made).unwrap();
        prop_assert!(made.starts_with(b"%PDF-"));
        let said = said(&assessment, &options);
        let hidden = |char: char| char != '\n' && keysweep_report::visible::is_hidden(char);
        prop_assert!(!said.chars().any(hidden));
    }
}
