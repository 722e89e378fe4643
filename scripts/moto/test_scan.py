"""`keysweep scan` on a moto server: real HTTP, an AWS that keysweep's authors did not write. moto records no history, so
every key that is old enough to be in doubt is undetermined, and the report must say why."""

import json
import os
import re
import subprocess
import sys
import threading
from pathlib import Path

import boto3
import pytest

START_SECONDS = 60
REPOSITORY = Path(__file__).resolve().parents[2]


def keysweep():
    """The program: $KEYSWEEP, or the one that cargo built."""
    target = Path(os.environ.get("CARGO_TARGET_DIR", REPOSITORY / "target"))
    return os.environ.get("KEYSWEEP", str(target / "debug" / "keysweep"))


@pytest.fixture(scope="module")
def moto():
    """The address of a moto server that listens on a free port."""
    pytest.importorskip("moto", reason="moto is not installed: pip install -r scripts/clients/requirements.txt")
    server = subprocess.Popen(
        [sys.executable, "-u", "-m", "moto.server", "-H", "127.0.0.1", "-p", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    guard = threading.Timer(START_SECONDS, server.kill)
    guard.start()
    address = None
    for line in server.stdout:
        if match := re.search(r"Running on (http://127\.0\.0\.1:\d+)", line):
            address = match[1]
            break
    guard.cancel()
    assert address, "moto ended without listening"
    # Nobody may fill the pipe that nobody reads.
    drain = threading.Thread(target=lambda: [None for _ in server.stdout], daemon=True)
    drain.start()
    yield address
    server.terminate()
    server.wait(timeout=START_SECONDS)


@pytest.fixture(scope="module")
def inactive(moto):
    """Fills the account; gives the ids of the inactive keys."""
    iam = boto3.client(
        "iam",
        endpoint_url=moto,
        region_name="us-east-1",
        aws_access_key_id="testing",
        aws_secret_access_key="testing",
    )
    expected = set()
    for number in range(120):
        name = f"user-{number:03}"
        iam.create_user(UserName=name, Path="/service/" if number % 7 == 0 else "/")
        for slot in range((number % 3 > 0) + (number % 5 == 0)):
            key = iam.create_access_key(UserName=name)["AccessKey"]["AccessKeyId"]
            if (number + slot) % 4 == 0 or number % 30 == 5:
                iam.update_access_key(UserName=name, AccessKeyId=key, Status="Inactive")
                expected.add(key)
    return expected


def scan(moto, *options):
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")} | {
        "AWS_ENDPOINT_URL": moto,
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_REGION": "us-east-1",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    return subprocess.run(
        [keysweep(), "scan", "--state", "none", *options], env=environment, capture_output=True, text=True, timeout=300, check=False
    )


def found(report):
    return {finding["access_key_id"] for account in report["accounts"] for finding in account["findings"]}


@pytest.mark.parametrize("options", [(), ("--exhaustive",)], ids=["report", "exhaustive"])
def test_exactly_the_inactive_keys_are_found(moto, inactive, options):
    run = scan(moto, "--format", "json", *options)
    assert run.stdout, run.stderr
    report = json.loads(run.stdout)
    assert len(inactive) > 20
    assert found(report) == inactive


def test_every_key_without_history_is_undetermined(moto, inactive):
    # The keys are minutes old; against a threshold of a second their creation does not settle the matter.
    run = scan(moto, "--format", "json", "--threshold", "1s")
    report = json.loads(run.stdout)
    verdicts = [finding["verdict"] for account in report["accounts"] for finding in account["findings"]]
    gaps = {problem["gap"] for account in report["accounts"] for problem in account["problems"]}
    assert found(report) == inactive
    assert verdicts == ["undetermined"] * len(inactive)
    assert "history_not_read" in gaps and run.returncode == 4
    summary = scan(moto, "--threshold", "1s")
    assert summary.returncode == 4
    assert "event history could not be read" in summary.stdout
