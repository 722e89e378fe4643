//! Sizes and colours, in points and in sRGB.

use keysweep_core::finding::Verdict;

/// A4.
pub(super) const WIDTH: f32 = 595.0;
pub(super) const HEIGHT: f32 = 842.0;
/// Where text begins and ends.
pub(super) const LEFT: f32 = 48.0;
pub(super) const RIGHT: f32 = WIDTH - 48.0;
pub(super) const TOP: f32 = 72.0;
pub(super) const BOTTOM: f32 = HEIGHT - 58.0;
/// The width of text.
pub(super) const MEASURE: f32 = RIGHT - LEFT;

/// A colour: red, green, blue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ink(pub(super) u8, pub(super) u8, pub(super) u8);

pub(super) const BLACK: Ink = Ink(0x17, 0x1c, 0x28);
/// For what is said beside; 7:1 on white.
pub(super) const SOFT: Ink = Ink(0x4b, 0x55, 0x65);
pub(super) const WHITE: Ink = Ink(0xff, 0xff, 0xff);
pub(super) const NAVY: Ink = Ink(0x12, 0x23, 0x40);
/// On navy.
pub(super) const ICE: Ink = Ink(0xc3, 0xd3, 0xec);
pub(super) const BLUE: Ink = Ink(0x1f, 0x5f, 0xc4);
/// Lines and empty parts of bars.
pub(super) const LINE: Ink = Ink(0xd8, 0xde, 0xe7);
/// Behind tiles and every other row.
pub(super) const PALE: Ink = Ink(0xf4, 0xf6, 0xfa);
pub(super) const RED: Ink = Ink(0xb3, 0x26, 0x1e);
pub(super) const AMBER: Ink = Ink(0x9a, 0x5b, 0x00);
pub(super) const VIOLET: Ink = Ink(0x6b, 0x3f, 0xa8);
pub(super) const GREEN: Ink = Ink(0x1e, 0x7a, 0x4c);
pub(super) const GREY: Ink = Ink(0x8a, 0x94, 0xa3);

/// The colour of a verdict.
pub(super) const fn of_verdict(verdict: Verdict) -> Ink {
    match verdict {
        Verdict::LongTerm => RED,
        Verdict::Contradictory => VIOLET,
        Verdict::Undetermined => AMBER,
        Verdict::Recent => SOFT,
    }
}
