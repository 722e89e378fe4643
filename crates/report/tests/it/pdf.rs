//! The PDF: what its pages say, that it is the same for the same assessment, and that no text breaks it. That other programs
//! can read it is shown by `scripts/clients/test_pdf.py`.

use keysweep_core::assessment::Assessment;
use keysweep_report::{Format, Options, pdf, write};
use proptest::prelude::*;

use crate::properties::{filled, text};
use crate::samples;

fn bytes(assessment: &Assessment, mask: bool) -> Vec<u8> {
    let mut bytes = Vec::new();
    write(assessment, Format::Pdf, &Options { mask, ..Options::default() }, &mut bytes).unwrap();
    bytes
}

/// What the pages say, each after a line.
fn pages(assessment: &Assessment, mask: bool) -> String {
    let pages = pdf::text(assessment, mask).unwrap();
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
    let pages = pdf::text(&assessment, false).unwrap();
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
    let pages = pdf::text(&assessment, false).unwrap();
    let last = pages.last().unwrap();
    assert!(
        last.contains("4 more keys in the CSV, JSON and HTML reports; they are not listed here."),
        "{last}"
    );
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(20) })]

    #[test]
    fn no_text_breaks_it_or_acts_in_it(texts in prop::collection::vec(text(), 4..12), longer in 0_usize..500) {
        let texts: Vec<String> =
            texts.iter().map(|text| text.chars().cycle().take(text.chars().count() + longer).collect()).collect();
        let assessment = filled(&texts, &[samples::key_id(1)]);
        prop_assert!(bytes(&assessment, false).starts_with(b"%PDF-"));
        let said = pages(&assessment, false);
        let hidden = |char: char| char != '\n' && keysweep_report::visible::is_hidden(char);
        prop_assert!(!said.chars().any(hidden));
    }
}
