"""The way of a clean-up on a moto server, with what the AWS CLI says of it. moto records no history and its keys are as old as
the test, so nothing there can be proven: its clean-up rests on what somebody asserts (`keysweep evidence import --covers`)
and on a configuration that allows observed keys, as it would for an account whose history is lost. What must hold is the same:
exactly the planned keys go, and one that is switched on before its turn stays."""

import datetime
import json
import os
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from test_scan import keysweep, moto  # noqa: F401 (a fixture)

KEYS = 6


@pytest.fixture
def place(moto, tmp_path):
    return Place(moto, tmp_path)


class Place:
    """An account with inactive keys, and a directory with the settings, the store and the plan."""

    def __init__(self, address, directory):
        self.address, self.directory = address, directory
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "KEYSWEEP_"))} | {
            "AWS_ENDPOINT_URL": address,
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
            "AWS_REGION": "us-east-1",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
        }
        urllib.request.urlopen(urllib.request.Request(f"{address}/moto-api/reset", method="POST")).read()
        self.account = self.aws("sts", "get-caller-identity")["Account"]
        self.inactive, self.active, self.switched = {}, {}, {}
        for number in range(KEYS):
            name = f"user-{number}"
            self.aws("iam", "create-user", "--user-name", name)
            for active in (False, True):
                key = self.aws("iam", "create-access-key", "--user-name", name)["AccessKey"]["AccessKeyId"]
                (self.active if active else self.inactive)[key] = name
                if not active:
                    self.switch(key, "Inactive")
        (directory / "keysweep.toml").write_text(
            'threshold = "1s"\nstate = "state.db"\n[clean_up]\nallow_observed = true\nmax_account_share = "100%"\nmax_organization_share = "100%"\n'
        )

    def aws(self, *arguments):
        tool = Path(sys.executable).with_name("aws")
        done = subprocess.run([tool, *arguments, "--output", "json"], env=self.environment, capture_output=True, text=True, timeout=120, check=True)
        return json.loads(done.stdout) if done.stdout.strip() else None

    def switch(self, key, status):
        owner = (self.inactive | self.active)[key]
        self.aws("iam", "update-access-key", "--user-name", owner, "--access-key-id", key, "--status", status)
        self.switched[key] = datetime.datetime.now(datetime.UTC)

    def keys(self):
        """Every key of the account as the AWS CLI lists it: the ids and their statuses."""
        users = sorted(set((self.inactive | self.active).values()))
        listed = [self.aws("iam", "list-access-keys", "--user-name", name)["AccessKeyMetadata"] for name in users]
        return {key["AccessKeyId"]: key["Status"] for keys in listed for key in keys}

    def keysweep(self, *arguments, code=0):
        done = subprocess.run([keysweep(), *arguments], env=self.environment, cwd=self.directory, capture_output=True, text=True, timeout=300, check=False)
        assert done.returncode == code, f"{arguments}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done

    def plan(self):
        """Asserts that nothing was switched on up to now, and plans."""
        events = self.directory / "events.json"
        # The threshold of a second must have passed for the last key, too.
        ripe = max(self.switched.values()) + datetime.timedelta(seconds=3)
        time.sleep(max(0, (ripe - datetime.datetime.now(datetime.UTC)).total_seconds()))
        now = datetime.datetime.now(datetime.UTC)
        record = lambda key: {
            "eventVersion": "1.08", "eventSource": "iam.amazonaws.com", "eventName": "UpdateAccessKey", "eventID": f"event-{key}",
            "eventTime": self.switched[key].strftime("%Y-%m-%dT%H:%M:%SZ"), "awsRegion": "us-east-1",
            "recipientAccountId": self.account, "userIdentity": {"type": "IAMUser", "accountId": self.account},
            "requestParameters": {"userName": self.inactive[key], "accessKeyId": key, "status": "Inactive"}, "responseElements": None,
        }
        events.write_text(json.dumps({"Records": [record(key) for key in self.inactive]}))
        begin = (now - datetime.timedelta(minutes=10)).strftime("%Y-%m-%dT%H:%M:%SZ")
        self.keysweep("evidence", "import", "events.json", "--account", self.account, "--covers", f"{begin}..{now.strftime('%Y-%m-%dT%H:%M:%SZ')}")
        # moto keeps no event history, so no scan of it is complete.
        self.keysweep("plan", code=4)
        document = json.loads((self.directory / "plan.json").read_text())
        return document["digest"], [key["access_key_id"] for key in document["plan"]["keys"]], document["plan"]["not_planned"]

    def approve(self, digest):
        self.keysweep("approve", "plan.json", "--by", "alice", "--yes", "--digest", digest)


def test_exactly_the_planned_keys_go(place):
    before = place.keys()
    digest, planned, kept = place.plan()
    assert sorted(planned) == sorted(place.inactive), kept
    place.keysweep("apply", "plan.json", code=5)
    assert place.keys() == before, "nothing goes without an approval"
    place.approve(digest)
    place.keysweep("apply", "plan.json")
    assert place.keys() == {key: "Active" for key in place.active}
    place.keysweep("apply", "plan.json")
    assert place.keys() == {key: "Active" for key in place.active}
    receipts = json.loads(place.keysweep("receipts", "--format", "json").stdout)["receipts"]
    assert sorted(receipt["access_key_id"] for receipt in receipts) == sorted(place.inactive)
    assert all(receipt["request_id"] for receipt in receipts)


def test_a_key_that_is_switched_on_with_the_aws_cli_survives(place):
    digest, planned, kept = place.plan()
    assert sorted(planned) == sorted(place.inactive), kept
    place.approve(digest)
    saved = sorted(place.inactive)[2]
    place.switch(saved, "Active")
    applied = place.keysweep("apply", "plan.json", code=6)
    assert "it is Active again" in applied.stdout
    assert place.keys() == {key: "Active" for key in [*place.active, saved]}


def test_without_the_configuration_nothing_observed_is_planned(place):
    (place.directory / "keysweep.toml").write_text('threshold = "1s"\nstate = "state.db"\n')
    _, planned, kept = place.plan()
    assert planned == []
    assert {entry["reason"] for entry in kept} <= {"only_observed", "undetermined"}, kept
