"""The PDF as other programs read it: pypdf, and pdfinfo and qpdf where they are installed."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pypdf
import pytest

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture
def reports(simulator, tmp_path):
    """The directory of the PDF and the JSON of one scan, and the same PDF written again."""
    target = Path(os.environ.get("CARGO_TARGET_DIR", REPOSITORY / "target"))
    program = os.environ.get("KEYSWEEP", str(target / "debug" / "keysweep"))

    def run(*arguments, codes=(0,)):
        environment = simulator.environment() | {"HOME": str(tmp_path)}
        done = subprocess.run([program, *arguments], env=environment, capture_output=True, timeout=300, check=False)
        assert done.returncode in codes, done.stderr
        return done.stdout

    run("scan", "--org", "--quiet", "--format", "pdf,json", "--output", str(tmp_path / "reports"), codes=(3, 4))
    (tmp_path / "reports" / "again.pdf").write_bytes(run("report", "--format", "pdf"))
    return tmp_path / "reports"


def test_the_document_is_whole_tagged_and_names_every_key(reports):
    document = json.loads((reports / "assessment.json").read_text())
    findings = [finding for account in document["accounts"] for finding in account["findings"]]
    assert len(findings) > 10
    pdf = pypdf.PdfReader(reports / "report.pdf", strict=True)
    pages = [page.extract_text() for page in pdf.pages]
    text = "\n".join(pages)
    assert all(finding["access_key_id"] in text for finding in findings if finding["access_key_id"])
    for number, page in enumerate(pages, 1):
        assert f"Page {number} of {len(pages)}" in page
    catalog = pdf.trailer["/Root"]
    assert catalog["/MarkInfo"]["/Marked"] and catalog["/Lang"] == "en" and "/StructTreeRoot" in catalog
    titles = [entry.title for entry in pdf.outline]
    assert titles[0] == "Inactive access keys" and "Inactive keys" in titles
    assert pdf.metadata.title.startswith("Inactive access keys: ")
    assert pdf.metadata.creation_date.strftime("%Y-%m-%dT%H:%M:%SZ") == document["finished_at"]
    fonts = {font for page in pdf.pages for font in page["/Resources"].get("/Font", {}).values()}
    assert fonts and all("/FontFile" in str(font.get_object()["/DescendantFonts"][0].get_object()["/FontDescriptor"].get_object().keys()) for font in fonts)


def test_the_same_scan_makes_the_same_bytes(reports):
    assert (reports / "report.pdf").read_bytes() == (reports / "again.pdf").read_bytes()


@pytest.mark.parametrize("command", [("qpdf", "--check"), ("pdfinfo",)], ids=["qpdf", "pdfinfo"])
def test_other_readers_find_no_fault(reports, command):
    if not shutil.which(command[0]):
        pytest.skip(f"{command[0]} is not installed")
    done = subprocess.run([*command, str(reports / "report.pdf")], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    # poppler before 23 takes /Suspects false, which the standard has, for an error.
    told = [line for line in done.stderr.splitlines() if "Suspects object is wrong type" not in line]
    assert told == [], done.stderr
