"""Drives every operation of the simulated AWS with unmodified clients: boto3 and the AWS CLI."""

import csv
import io
import json
import subprocess
import sys
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

LAG_SECONDS = 2 * 60 * 60
ROLE = "OrganizationAccountAccessRole"
PATH = "/keysweep-test/"


def refusal(call, **parameters):
    """The code and the status of a refused call."""
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    return caught.value.response["Error"]["Code"], caught.value.response["ResponseMetadata"]["HTTPStatusCode"]


@pytest.fixture
def aws(simulator):
    """Runs the AWS CLI, which sees nothing but the simulator's environment."""
    program = Path(sys.executable).with_name("aws")
    if not program.exists():
        pytest.skip("the AWS CLI is not installed beside this Python")

    def run(*arguments, environment=None):
        command = [str(program), *arguments, "--output", "json"]
        variables = simulator.environment() | (environment or {})
        done = subprocess.run(command, env=variables, capture_output=True, text=True, timeout=60, check=False)
        if done.returncode != 0:
            raise RuntimeError(done.stderr)
        return json.loads(done.stdout) if done.stdout.strip() else None

    return run


def all_of(client, operation, items, **parameters):
    """Every item of a paginated listing."""
    pages = client.get_paginator(operation).paginate(**parameters)
    return [item for page in pages for item in page[items]]


def members(simulator, boto):
    """The ids of the accounts that can be entered, without the caller's own."""
    own = boto("sts").get_caller_identity()["Account"]
    accounts = all_of(boto("organizations"), "list_accounts", "Accounts")
    return [account["Id"] for account in accounts if account["State"] == "ACTIVE" and account["Id"] != own]


def enter(boto, account, **parameters):
    """The credentials of a session in another account."""
    role = f"arn:aws:iam::{account}:role/{ROLE}"
    session = boto("sts").assume_role(RoleArn=role, RoleSessionName="clients", **parameters)["Credentials"]
    return session["AccessKeyId"], session["SecretAccessKey"], session["SessionToken"]


def true_account(simulator, account):
    """An account as the world truly has it, and the status of its users' keys by user and key id."""
    truth = next(entry for entry in simulator.get("/_sim/truth")["accounts"] if entry["id"] == account)
    statuses = {}
    for key in truth["keys"]:
        if key["user"] != "<root_account>":
            statuses.setdefault(key["user"], {})[key["id"]] = key["status"]
    return truth, statuses


def test_boto3_reads_what_is_true(simulator, boto):
    account = members(simulator, boto)[0]
    iam = boto("iam", enter(boto, account))
    truth, statuses = true_account(simulator, account)
    names = [user["UserName"] for user in all_of(iam, "list_users", "Users")]
    assert len(names) == len(set(names)) == truth["users"]
    details = {
        detail["UserName"]: detail["Tags"]
        for detail in all_of(iam, "get_account_authorization_details", "UserDetailList", Filter=["User"])
    }
    assert details.keys() == set(names)
    found = {}
    for name in names:
        assert iam.get_user(UserName=name)["User"]["UserName"] == name
        assert all_of(iam, "list_user_tags", "Tags", UserName=name) == details[name]
        for key in all_of(iam, "list_access_keys", "AccessKeyMetadata", UserName=name):
            found.setdefault(name, {})[key["AccessKeyId"]] = key["Status"]
            assert iam.get_access_key_last_used(AccessKeyId=key["AccessKeyId"])["UserName"] == name
    assert found == statuses
    assert iam.get_account_summary()["SummaryMap"]["Users"] == len(names)
    assert isinstance(iam.list_account_aliases()["AccountAliases"], list)


def test_boto3_changes_users_and_keys(boto):
    iam = boto("iam")
    tags = [{"Key": "owner", "Value": "<a> & \"b\" 'c' é"}]
    assert iam.create_user(UserName="alice", Path=PATH, Tags=tags)["User"]["Path"] == PATH
    assert iam.get_user(UserName="alice")["User"]["Tags"] == tags
    assert refusal(iam.create_user, UserName="alice") == ("EntityAlreadyExists", 409)
    first = iam.create_access_key(UserName="alice")["AccessKey"]["AccessKeyId"]
    second = iam.create_access_key(UserName="alice")["AccessKey"]["AccessKeyId"]
    assert refusal(iam.create_access_key, UserName="alice") == ("LimitExceeded", 409)
    iam.update_access_key(UserName="alice", AccessKeyId=first, Status="Inactive")
    iam.delete_access_key(UserName="alice", AccessKeyId=second)
    keys = iam.list_access_keys(UserName="alice")["AccessKeyMetadata"]
    assert [(key["AccessKeyId"], key["Status"]) for key in keys] == [(first, "Inactive")]
    iam.tag_user(UserName="alice", Tags=[{"Key": "team", "Value": "x"}])
    assert {tag["Key"] for tag in iam.list_user_tags(UserName="alice")["Tags"]} == {"owner", "team"}
    iam.update_user(UserName="alice", NewUserName="bob")
    assert refusal(iam.list_access_keys, UserName="alice") == ("NoSuchEntity", 404)
    assert refusal(iam.delete_user, UserName="bob") == ("DeleteConflict", 409)
    iam.delete_access_key(UserName="bob", AccessKeyId=first)
    iam.delete_user(UserName="bob")
    assert refusal(iam.get_user, UserName="bob") == ("NoSuchEntity", 404)
    assert not iam.list_users(PathPrefix=PATH)["Users"]


def test_boto3_paginators_see_everything_once(simulator, boto):
    accounts = all_of(boto("organizations"), "list_accounts", "Accounts")
    assert len(accounts) == len({account["Id"] for account in accounts}) == 25
    iam = boto("iam", enter(boto, members(simulator, boto)[0]))
    whole = all_of(iam, "list_users", "Users")
    for size in (1, 3, 1000):
        assert all_of(iam, "list_users", "Users", PaginationConfig={"PageSize": size}) == whole
    assert refusal(iam.list_users, Marker="nonsense")[0] == "ValidationError"


def test_boto3_walks_the_organization(boto):
    organizations = boto("organizations")
    organization = organizations.describe_organization()["Organization"]
    assert organization["MasterAccountId"] == boto("sts").get_caller_identity()["Account"]
    accounts = {account["Id"]: account for account in all_of(organizations, "list_accounts", "Accounts")}
    found, pending = {}, [root["Id"] for root in all_of(organizations, "list_roots", "Roots")]
    while pending:
        parent = pending.pop()
        below = all_of(
            organizations, "list_organizational_units_for_parent", "OrganizationalUnits", ParentId=parent
        )
        pending.extend(unit["Id"] for unit in below)
        for account in all_of(organizations, "list_accounts_for_parent", "Accounts", ParentId=parent):
            found[account["Id"]] = account
            assert organizations.list_parents(ChildId=account["Id"])["Parents"][0]["Id"] == parent
    assert found == accounts
    for identity, account in accounts.items():
        assert organizations.describe_account(AccountId=identity)["Account"] == account
        assert all(tag["Key"] for tag in all_of(organizations, "list_tags_for_resource", "Tags", ResourceId=identity))
    assert refusal(organizations.describe_account, AccountId="999999999999") == ("AccountNotFoundException", 400)


def test_members_may_not_list_the_organization(simulator, boto):
    organizations = boto("organizations", enter(boto, members(simulator, boto)[0]))
    assert refusal(organizations.list_accounts) == ("AccessDeniedException", 400)


def test_the_credential_report_is_made_kept_and_true(simulator, boto):
    account = members(simulator, boto)[0]
    iam = boto("iam", enter(boto, account))
    assert refusal(iam.get_credential_report) == ("ReportNotPresent", 410)
    assert iam.generate_credential_report()["State"] == "STARTED"
    simulator.post("/_sim/clock", {"advance_seconds": 60})
    assert iam.generate_credential_report()["State"] == "COMPLETE"
    report = iam.get_credential_report()
    assert report["ReportFormat"] == "text/csv"
    rows = list(csv.DictReader(io.StringIO(report["Content"].decode())))
    _, statuses = true_account(simulator, account)
    assert rows[0]["user"] == "<root_account>"
    assert {row["user"] for row in rows[1:]} == {user["UserName"] for user in all_of(iam, "list_users", "Users")}
    for row in rows[1:]:
        slots = [(row[f"access_key_{n}_active"], row[f"access_key_{n}_last_rotated"]) for n in (1, 2)]
        reported = sorted(active.lower() for active, rotated in slots if rotated != "N/A")
        true = sorted(str(status == "Active").lower() for status in statuses.get(row["user"], {}).values())
        assert reported == true, row


def test_roles_are_entered_with_the_right_external_id_only(simulator, boto):
    account = members(simulator, boto)[0]
    role = f"arn:aws:iam::{account}:role/{ROLE}"
    simulator.post("/_sim/role", {"account": account, "name": ROLE, "external_id": "right"})
    sts = boto("sts")
    ask = {"RoleArn": role, "RoleSessionName": "clients"}
    assert refusal(sts.assume_role, **ask) == ("AccessDenied", 403)
    assert refusal(sts.assume_role, **ask, ExternalId="wrong") == ("AccessDenied", 403)
    assert refusal(sts.assume_role, **ask, ExternalId="right", DurationSeconds=43201) == ("ValidationError", 400)
    session = enter(boto, account, ExternalId="right")
    identity = boto("sts", session).get_caller_identity()
    assert identity["Account"] == account
    assert identity["Arn"] == f"arn:aws:sts::{account}:assumed-role/{ROLE}/clients"
    wrong_token = (session[0], session[1], session[2] + "x")
    assert refusal(boto("sts", wrong_token).get_caller_identity) == ("InvalidClientTokenId", 403)
    simulator.post("/_sim/clock", {"advance_seconds": 3601})
    assert refusal(boto("iam", session).list_users) == ("ExpiredToken", 403)


def test_unknown_keys_are_refused_by_every_service(boto):
    unknown = ("AKIAUNKNOWNUNKNOWN00", "not a secret")
    assert refusal(boto("sts", unknown).get_caller_identity) == ("InvalidClientTokenId", 403)
    assert refusal(boto("iam", unknown).list_users) == ("InvalidClientTokenId", 403)
    assert refusal(boto("organizations", unknown).list_accounts) == ("UnrecognizedClientException", 400)
    assert refusal(boto("cloudtrail", unknown).lookup_events) == ("UnrecognizedClientException", 400)


def test_a_key_that_the_cli_deactivates_is_refused_and_its_event_arrives_late(simulator, boto, aws):
    iam, cloudtrail = boto("iam"), boto("cloudtrail")
    aws("iam", "create-user", "--user-name", "carol", "--path", PATH)
    key = aws("iam", "create-access-key", "--user-name", "carol")["AccessKey"]
    credentials = (key["AccessKeyId"], key["SecretAccessKey"])
    assert boto("sts", credentials).get_caller_identity()["Arn"].endswith("user/keysweep-test/carol")
    aws("iam", "update-access-key", "--user-name", "carol", "--access-key-id", credentials[0], "--status", "Inactive")
    assert refusal(boto("sts", credentials).get_caller_identity) == ("InvalidClientTokenId", 403)
    environment = {
        "AWS_ACCESS_KEY_ID": credentials[0],
        "AWS_SECRET_ACCESS_KEY": credentials[1],
        "AWS_SESSION_TOKEN": "",
    }
    with pytest.raises(RuntimeError, match="InvalidClientTokenId"):
        aws("sts", "get-caller-identity", environment=environment)

    def events():
        return all_of(
            cloudtrail,
            "lookup_events",
            "Events",
            LookupAttributes=[{"AttributeKey": "ResourceName", "AttributeValue": credentials[0]}],
        )

    assert not events(), "the lag has not passed"
    simulator.post("/_sim/clock", {"advance_seconds": LAG_SECONDS})
    update = next(event for event in events() if event["EventName"] == "UpdateAccessKey")
    record = json.loads(update["CloudTrailEvent"])
    expected = {"userName": "carol", "accessKeyId": credentials[0], "status": "Inactive"}
    assert record["requestParameters"] == expected
    assert record["responseElements"] is None
    assert record["eventID"] == update["EventId"]
    assert record["userIdentity"]["accessKeyId"] == simulator.variables["AWS_ACCESS_KEY_ID"]
    named = {(resource["ResourceType"], resource["ResourceName"]) for resource in update["Resources"]}
    assert named == {("AWS::IAM::AccessKey", credentials[0]), ("AWS::IAM::User", "carol")}
    assert iam.list_access_keys(UserName="carol")["AccessKeyMetadata"][0]["Status"] == "Inactive"


def test_boto3_reads_the_history_of_status_changes(simulator, boto):
    account = members(simulator, boto)[0]
    cloudtrail = boto("cloudtrail", enter(boto, account))
    attribute = [{"AttributeKey": "EventName", "AttributeValue": "UpdateAccessKey"}]
    found = all_of(cloudtrail, "lookup_events", "Events", LookupAttributes=attribute)
    assert all(event["EventName"] == "UpdateAccessKey" for event in found)
    assert [event["EventTime"] for event in found] == sorted((event["EventTime"] for event in found), reverse=True)
    one_by_one = all_of(
        cloudtrail, "lookup_events", "Events", LookupAttributes=attribute, PaginationConfig={"PageSize": 1}
    )
    assert [event["EventId"] for event in one_by_one] == [event["EventId"] for event in found]
    if found:
        middle = found[len(found) // 2]["EventTime"]
        since = all_of(cloudtrail, "lookup_events", "Events", LookupAttributes=attribute, StartTime=middle)
        assert since == [event for event in found if event["EventTime"] >= middle]
    assert refusal(cloudtrail.lookup_events, NextToken="nonsense") == ("InvalidNextTokenException", 400)
    assert isinstance(cloudtrail.describe_trails()["trailList"], list)


def test_the_cli_drives_every_operation(simulator, boto, aws):
    account = members(simulator, boto)[0]
    own = aws("sts", "get-caller-identity")["Account"]
    role = f"arn:aws:iam::{account}:role/{ROLE}"
    session = aws("sts", "assume-role", "--role-arn", role, "--role-session-name", "cli")["Credentials"]
    inside = {
        "AWS_ACCESS_KEY_ID": session["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": session["SecretAccessKey"],
        "AWS_SESSION_TOKEN": session["SessionToken"],
    }
    truth, statuses = true_account(simulator, account)
    names = {user["UserName"] for user in aws("iam", "list-users", environment=inside)["Users"]}
    assert len(names) == truth["users"] and names >= statuses.keys()
    aws("iam", "create-user", "--user-name", "dave", "--path", PATH, "--tags", "Key=owner,Value=x")
    key = aws("iam", "create-access-key", "--user-name", "dave")["AccessKey"]["AccessKeyId"]
    aws("iam", "tag-user", "--user-name", "dave", "--tags", "Key=team,Value=y")
    assert len(aws("iam", "list-user-tags", "--user-name", "dave")["Tags"]) == 2
    assert aws("iam", "get-access-key-last-used", "--access-key-id", key)["UserName"] == "dave"
    aws("iam", "update-access-key", "--user-name", "dave", "--access-key-id", key, "--status", "Inactive")
    listed = aws("iam", "list-access-keys", "--user-name", "dave")["AccessKeyMetadata"]
    assert [(entry["AccessKeyId"], entry["Status"]) for entry in listed] == [(key, "Inactive")]
    aws("iam", "update-user", "--user-name", "dave", "--new-user-name", "eve")
    assert aws("iam", "get-user", "--user-name", "eve")["User"]["Path"] == PATH
    details = aws("iam", "get-account-authorization-details", "--filter", "User")["UserDetailList"]
    assert "eve" in {detail["UserName"] for detail in details}
    aws("iam", "delete-access-key", "--user-name", "eve", "--access-key-id", key)
    aws("iam", "delete-user", "--user-name", "eve")
    assert aws("iam", "get-account-summary")["SummaryMap"]["AccessKeysPerUserQuota"] == 2
    assert "AccountAliases" in aws("iam", "list-account-aliases")
    assert aws("iam", "generate-credential-report")["State"] == "STARTED"
    simulator.post("/_sim/clock", {"advance_seconds": 60})
    assert aws("iam", "get-credential-report")["ReportFormat"] == "text/csv"
    assert aws("organizations", "describe-organization")["Organization"]["MasterAccountId"] == own
    assert len(aws("organizations", "list-accounts")["Accounts"]) == 25
    root = aws("organizations", "list-roots")["Roots"][0]["Id"]
    assert aws("organizations", "list-organizational-units-for-parent", "--parent-id", root)["OrganizationalUnits"]
    assert "Accounts" in aws("organizations", "list-accounts-for-parent", "--parent-id", root)
    assert aws("organizations", "list-parents", "--child-id", account)["Parents"]
    assert "Tags" in aws("organizations", "list-tags-for-resource", "--resource-id", account)
    assert aws("organizations", "describe-account", "--account-id", account)["Account"]["Id"] == account
    assert "Events" in aws("cloudtrail", "lookup-events", "--max-items", "5", environment=inside)
    assert "trailList" in aws("cloudtrail", "describe-trails")


def test_calls_are_counted_by_account_and_operation(simulator, boto):
    account = members(simulator, boto)[0]
    iam = boto("iam", enter(boto, account))
    simulator.post("/_sim/calls/reset")
    iam.list_users()
    iam.list_users()
    counted = {"sent": 2, "throttled": 0}
    assert simulator.get("/_sim/calls") == {"total": counted, "accounts": {account: {"ListUsers": counted}}}
