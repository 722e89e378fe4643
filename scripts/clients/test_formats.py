"""The formats that other systems read, held against what those systems publish: OCSF's own schema (in the package
ocsf-json-schema), the model of Security Hub's API (in botocore), Python's csv reader, and a strict schema of JUnit XML (junit.xsd). What is checked are the golden
files, which have hostile names and settled findings in them, and a scan of a simulated organization."""

import csv
import io
import json
import os
import subprocess
from pathlib import Path

import botocore.session
import jsonschema
import pytest
import xmlschema
from botocore.validate import ParamValidator
from ocsf_json_schema.loader import get_ocsf_schema
from ocsf_json_schema.embedded import OcsfJsonSchemaEmbedded

REPOSITORY = Path(__file__).resolve().parents[2]
SNAPSHOTS = REPOSITORY / "crates" / "report" / "tests" / "it" / "snapshots"
CLASS = "https://schema.ocsf.io/schema/1.8.0/classes/compliance_finding?profiles=cloud"


def golden(output_format):
    """The golden files of a format, without the header that insta gives them."""
    files = sorted(SNAPSHOTS.glob(f"it__snapshots__{output_format}_*.snap"))
    assert len(files) >= 5, f"{output_format} has too few golden files"
    return [file.read_text().split("\n---\n", 1)[1] for file in files]


@pytest.fixture(scope="module")
def ocsf():
    """A validator of OCSF 1.8.0 Compliance Finding with the cloud profile: unknown fields are errors."""
    schema = OcsfJsonSchemaEmbedded(get_ocsf_schema("1.8.0")).get_schema_from_uri(CLASS)
    validator = jsonschema.validators.validator_for(schema)
    return validator(schema)


def errors(validator, value):
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(value)]


def security_hub_errors(request):
    model = botocore.session.get_session().get_service_model("securityhub")
    return ParamValidator().validate(request, model.operation_model("BatchImportFindings").input_shape).generate_report()


def enums(shape, value, place=""):
    """Values that the model lists and that are not among them: botocore itself does not look."""
    if shape.type_name == "structure":
        members = [(shape.members[name], inner, f"{place}.{name}") for name, inner in value.items()]
    elif shape.type_name == "list":
        members = [(shape.member, inner, place) for inner in value]
    else:
        allowed = getattr(shape, "enum", None)
        return [f"{place}: {value}"] if allowed and value not in allowed else []
    return [error for member in members for error in enums(*member)]


def test_ocsf_events_are_valid(ocsf):
    events = [event for text in golden("ocsf") for event in json.loads(text)]
    assert {event["activity_id"] for event in events} == {1, 3}
    for event in events:
        assert errors(ocsf, event) == [], event["finding_info"]["uid"]


def test_the_ocsf_schema_refuses_what_is_wrong(ocsf):
    event = json.loads(golden("ocsf")[0])[0]
    for change in ({"severity_id": 42}, {"risk": "high"}, {"compliance": None}, {"cloud": {}}, {"type_uid": "200301"}):
        assert errors(ocsf, event | change), change
    assert errors(ocsf, {name: value for name, value in event.items() if name != "time"})


def test_asff_requests_are_valid():
    shape = botocore.session.get_session().get_service_model("securityhub").operation_model("BatchImportFindings").input_shape
    requests = [json.loads(line) for text in golden("asff") for line in text.splitlines()]
    states = {finding["RecordState"] for request in requests for finding in request["Findings"]}
    assert states == {"ACTIVE", "ARCHIVED"}
    for request in requests:
        assert security_hub_errors(request) == ""
        assert enums(shape, request) == []
    wrong = {"Findings": [requests[0]["Findings"][0] | {"RecordState": "GONE"}]}
    assert enums(shape, wrong) == [".Findings.RecordState: GONE"]


def test_a_scan_is_valid_in_every_format(simulator, ocsf, tmp_path):
    target = Path(os.environ.get("CARGO_TARGET_DIR", REPOSITORY / "target"))
    program = os.environ.get("KEYSWEEP", str(target / "debug" / "keysweep"))
    formats = "json,ndjson,csv,ocsf,asff,markdown,github-summary,junit"
    run = subprocess.run(
        [program, "scan", "--org", "--quiet", "--format", formats, "--output", str(tmp_path / "reports")],
        env=simulator.environment() | {"HOME": str(tmp_path)}, capture_output=True, text=True, timeout=300, check=False,
    )
    assert run.returncode in (3, 4), run.stderr
    text = {file.name: file.read_bytes().decode() for file in (tmp_path / "reports").iterdir()}
    document = json.loads(text["assessment.json"])
    ids = [finding["finding_id"] for account in document["accounts"] for finding in account["findings"]]
    assert len(ids) > 10

    rows = list(csv.DictReader(io.StringIO(text["findings.csv"], newline=""), strict=True))
    assert [row["finding_id"] for row in rows if row["record"] == "finding"] == ids
    assert all(line.endswith("\r\n") for line in text["findings.csv"].splitlines(keepends=True))

    lines = [json.loads(line) for line in text["assessment.ndjson"].splitlines()]
    assert [line["finding_id"] for line in lines if line["type"] == "finding"] == ids

    events = json.loads(text["findings.ocsf.json"])
    assert [event for event in events if errors(ocsf, event)] == []
    uids = [event["finding_info"]["uid"] for event in events]
    assert [uid for uid in uids if not uid.endswith(":coverage")] == ids

    requests = [json.loads(line) for line in text["findings.asff.ndjson"].splitlines()]
    assert {security_hub_errors(request) for request in requests} == {""}
    imported = [finding["Id"] for request in requests for finding in request["Findings"]]
    assert [uid for uid in imported if not uid.endswith(":coverage")] == ids


def test_golden_csv_has_no_formula_and_one_line_for_each_record():
    for text in golden("csv"):
        lines = text.replace("CRLF\n", "\r\n").rstrip("\n")
        rows = list(csv.reader(io.StringIO(lines, newline=""), strict=True))
        assert len({len(row) for row in rows}) == 1
        assert [cell for row in rows for cell in row if cell.lstrip()[:1] in tuple("=+-@\t\r") and cell] == []


def junit_counts(suite):
    cases = suite.findall("testcase")
    with_child = {name: sum(case.find(name) is not None for case in cases) for name in ("failure", "error", "skipped")}
    return [len(cases), with_child["failure"], with_child["error"], with_child["skipped"]]


def stated(element):
    return [int(element.get(name)) for name in ("tests", "failures", "errors", "skipped")]


def test_junit_is_valid_and_counts_its_cases():
    schema = xmlschema.XMLSchema(REPOSITORY / "scripts" / "clients" / "junit.xsd")
    for text in golden("junit"):
        errors = [error.reason for error in schema.iter_errors(text)]
        assert errors == []
        suites = xmlschema.XMLResource(text).root
        for suite in suites:
            assert stated(suite) == junit_counts(suite), suite.get("name")
        assert stated(suites) == [sum(column) for column in zip(*map(stated, suites))]
    assert not schema.is_valid(text.replace("errors=", "mistakes=", 1))


def schema(name):
    document = json.loads((REPOSITORY / "docs" / "schema" / f"{name}-v1.schema.json").read_text())
    validator = jsonschema.validators.validator_for(document)
    validator.check_schema(document)
    return validator(document)


def test_every_json_document_is_valid_against_its_published_schema(simulator, tmp_path):
    target = Path(os.environ.get("CARGO_TARGET_DIR", REPOSITORY / "target"))
    program = os.environ.get("KEYSWEEP", str(target / "debug" / "keysweep"))

    def run(*arguments, codes=(0,)):
        done = subprocess.run(
            [program, *arguments],
            env=simulator.environment() | {"HOME": str(tmp_path)}, capture_output=True, text=True, timeout=300, check=False,
        )
        assert done.returncode in codes, done.stderr
        return done.stdout

    first = run("scan", "--org", "--quiet", "--format", "json", codes=(3, 4))
    run("scan", "--org", "--quiet", "--format", "json", "--exclude", "ou:Workloads", codes=(3, 4))
    key = next(
        finding["access_key_id"] for account in json.loads(first)["accounts"] for finding in account["findings"]
        if finding["access_key_id"]
    )
    run("exempt", "add", key, "--reason", "yearly transfer", "--author", "alice", "--expires", "90d")
    (tmp_path / "events.json").write_text('{"Records": []}')
    run("plan", "--scan", "latest", "--out", str(tmp_path / "plan.json"), codes=(0, 4, 5))
    documents = [
        ("assessment", first),
        ("exemptions", run("exempt", "list", "--format", "json")),
        ("exemption-check", run("exempt", "check", key, "--format", "json")),
        ("import", run("evidence", "import", str(tmp_path / "events.json"), "--format", "json", codes=(0, 4))),
        ("diff", run("diff", "--format", "json", codes=(0, 3, 4))),
        ("history", run("history", "--format", "json")),
        ("explanation", run("explain", key, "--format", "json")),
        ("diagnosis", run("doctor", "--org", "--format", "json", codes=(0, 4))),
        ("rules", run("rules", "--format", "json")),
        ("plan", (tmp_path / "plan.json").read_text()),
        ("receipts", run("receipts", "--format", "json")),
        *(("ndjson", line) for line in run("report", "--format", "ndjson").splitlines()),
    ]
    for name, text in documents:
        document = json.loads(text)
        assert document["schema"] == f"keysweep.{name}/v1"
        assert errors(schema(name), document) == [], name
