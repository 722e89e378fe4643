"""`keysweep scan --to` on a moto server, and boto3 looks what arrived: findings in Security Hub, files in S3. A second scan
updates, and closes what is settled; nothing is doubled."""

import base64
import hashlib
import json
import os
import subprocess

import boto3
import pytest
from test_scan import keysweep, moto  # noqa: F401  (moto is a fixture)

REGION = "us-east-1"


def client(moto, service):
    return boto3.client(
        service, endpoint_url=moto, region_name=REGION, aws_access_key_id="testing", aws_secret_access_key="testing"
    )


def findings(moto):
    pages = client(moto, "securityhub").get_paginator("get_findings").paginate()
    return [finding for page in pages for finding in page["Findings"]]


@pytest.fixture
def account(moto):
    """An account with two inactive keys and a bucket; gives their users and ids."""
    iam = client(moto, "iam")
    keys = {}
    for name in ("gone-soon", "stays"):
        iam.create_user(UserName=name)
        key = iam.create_access_key(UserName=name)["AccessKey"]["AccessKeyId"]
        iam.update_access_key(UserName=name, AccessKeyId=key, Status="Inactive")
        keys[name] = key
    client(moto, "s3").create_bucket(Bucket="reports")
    yield keys
    for name, key in keys.items():
        if name != "gone-soon":
            iam.delete_access_key(UserName=name, AccessKeyId=key)
        iam.delete_user(UserName=name)


def run(moto, *arguments, endpoints=None):
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")} | {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_REGION": REGION,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    environment |= endpoints or {"AWS_ENDPOINT_URL": moto}
    return subprocess.run(
        [keysweep(), *arguments], env=environment, capture_output=True, text=True, timeout=300, check=False
    )


def test_findings_and_files_arrive_and_a_second_scan_updates_them(moto, account, tmp_path):
    state = f"--state={tmp_path}/state.db"
    to = ["--to", "security-hub", "--to", "s3://reports/daily keys"]
    first = run(
        moto, "scan", state, "--exhaustive", "--format", "json,html,asff", "--output", f"{tmp_path}/one/", *to
    )
    assert first.returncode == 4, first.stderr
    assert "delivered to security-hub: " in first.stderr and "3 files" in first.stderr
    report = json.loads((tmp_path / "one" / "assessment.json").read_text())
    number = report["caller"]["account_id"]
    mine = {f"{number}:{key}" for key in account.values()}
    arrived = findings(moto)
    assert {finding["Id"] for finding in arrived} == mine | {f"{number}:coverage"}
    product = f"arn:aws:securityhub:{REGION}:{number}:product/{number}/default"
    assert {finding["ProductArn"] for finding in arrived} == {product}
    assert {finding["RecordState"] for finding in arrived} == {"ACTIVE"}

    s3 = client(moto, "s3")
    prefix = f"daily keys/{report['assessment_id']}/"
    types = {
        "assessment.json": "application/json",
        "report.html": "text/html; charset=utf-8",
        "findings.asff.ndjson": "application/x-ndjson",
    }
    listed = {item["Key"] for item in s3.list_objects_v2(Bucket="reports")["Contents"]}
    assert listed == {prefix + name for name in types}
    for name, media_type in types.items():
        got = s3.get_object(Bucket="reports", Key=prefix + name, ChecksumMode="ENABLED")
        body = got["Body"].read()
        assert body == (tmp_path / "one" / name).read_bytes()
        assert got["ContentType"] == media_type
        assert got["ChecksumSHA256"] == base64.b64encode(hashlib.sha256(body).digest()).decode()

    # The same report again: the same objects and findings, none more.
    again = run(moto, "report", report["assessment_id"], state, "--format", "json,html,asff", *to)
    assert again.returncode == 0 and again.stdout == "", again.stderr
    assert {item["Key"] for item in s3.list_objects_v2(Bucket="reports")["Contents"]} == listed
    assert len(findings(moto)) == 3

    # One key is gone: its finding is closed, under its own id.
    client(moto, "iam").delete_access_key(UserName="gone-soon", AccessKeyId=account["gone-soon"])
    second = run(moto, "scan", state, "--exhaustive", "--fresh", "--to", "security-hub")
    assert second.returncode == 4, second.stderr
    states = {finding["Id"]: finding["RecordState"] for finding in findings(moto)}
    print(states, second.stderr)
    assert states[f"{number}:{account['stays']}"] == "ACTIVE"
    assert len(states) == 3
    # moto keeps no event history, so no account is complete, and what is not complete settles nothing.
    assert states[f"{number}:{account['gone-soon']}"] == "ACTIVE"


def test_services_have_endpoints_of_their_own(moto, account, tmp_path):
    nowhere = "http://127.0.0.1:9"
    endpoints = {
        "AWS_ENDPOINT_URL_STS": moto,
        "AWS_ENDPOINT_URL_IAM": moto,
        "AWS_ENDPOINT_URL_SECURITYHUB": moto,
        "AWS_ENDPOINT_URL_S3": moto,
        "AWS_ENDPOINT_URL": nowhere,
    }
    to = ["--to", "security-hub", "--to", "s3://reports/endpoints"]
    done = run(moto, "scan", "--state=none", "--format=json", *to, endpoints=endpoints)
    assert done.returncode == 4, done.stderr
    assert done.stderr.count("delivered to") == 2, done.stderr

    endpoints["AWS_ENDPOINT_URL_S3"] = nowhere
    failed = run(moto, "scan", f"--state={tmp_path}/state.db", "--format=json", *to, endpoints=endpoints)
    assert failed.returncode == 1, failed.stderr
    assert json.loads(failed.stdout)["assessment_id"] in failed.stderr
    assert "s3://reports/endpoints: assessment.json: s3:PutObject failed: no connection to AWS" in failed.stderr
    assert "delivered to security-hub" in failed.stderr
