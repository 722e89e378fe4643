//! Compresses the fonts of the PDF: they are half as large in the program.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::Path;

use flate2::Compression;
use flate2::write::ZlibEncoder;

const FONTS: [&str; 3] = ["Roboto-Regular.ttf", "Roboto-Medium.ttf", "DejaVuSans.ttf"];

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=src/pdf/fonts");
    let out = std::env::var_os("OUT_DIR").ok_or_else(|| io::Error::other("cargo names no OUT_DIR"))?;
    for name in FONTS {
        let bytes = fs::read(Path::new("src/pdf/fonts").join(name))?;
        let file = File::create(Path::new(&out).join(format!("{name}.z")))?;
        let mut compressed = ZlibEncoder::new(file, Compression::best());
        compressed.write_all(&bytes)?;
        compressed.finish()?;
    }
    Ok(())
}
