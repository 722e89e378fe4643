"""Compares the simulated AWS with moto, field by field.

The same requests go to both through boto3, except LookupEvents, which moto 5.2.5 does not have. The sets of response fields with their types must be equal, and so must
the codes of refusals, apart from DIFFERENCES, each with its reason. A difference that no longer exists fails too.
"""

import datetime

import pytest
from botocore.exceptions import ClientError

from simulator import client

moto_server = pytest.importorskip("moto.server", reason="moto is not installed: nothing to compare with")

MOTO_ACCOUNT = "123456789012"
SIMULATOR_ONLY = "only the simulator answers it"
MOTO_ONLY = "only moto answers it"

# (request, field and type) -> (who answers it, why)
DIFFERENCES = {
    ("ListAccessKeys", ".IsTruncated:boolean"): (SIMULATOR_ONLY, "moto does not page this listing; AWS always says so"),
    ("ListAccountAliases", ".IsTruncated:boolean"): (SIMULATOR_ONLY, "moto does not page this listing; AWS always says so"),
    ("AssumeRole", ".PackedPolicySize:integer"): (MOTO_ONLY, "AWS answers it only where a session policy or tags were sent"),
    ("DeleteUser with keys", "refused:DeleteConflict:409:Sender"): (SIMULATOR_ONLY, "AWS deletes no user that has keys"),
    ("DeleteUser with keys", "status:200"): (MOTO_ONLY, "moto deletes users that have keys"),
    ("DeleteUser with keys", ":object"): (MOTO_ONLY, "moto deletes users that have keys"),
}


@pytest.fixture
def moto():
    """A fresh moto server and a maker of boto3 clients on it."""
    server = moto_server.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield lambda service: client(service, f"http://{host}:{port}", "AKIAMOTOMOTOMOTOMOTO", "secret")
    server.stop()


def fields(value, path=""):
    """Every field of an answer as `Path.Field[].Field:type`."""
    if isinstance(value, dict):
        return {f"{path}:object"}.union(*(fields(item, f"{path}.{name}") for name, item in value.items()))
    if isinstance(value, list):
        return {f"{path}:list"}.union(*(fields(item, f"{path}[]") for item in value))
    names = {str: "text", bool: "boolean", int: "integer", bytes: "bytes", datetime.datetime: "date"}
    return {f"{path}:{names[type(value)]}"}


def answer(call, **parameters):
    """The fields of an answer; those of a refusal are its code, its status and who is to blame."""
    try:
        response = call(**parameters)
    except ClientError as refusal:
        error, metadata = refusal.response["Error"], refusal.response["ResponseMetadata"]
        return {f"refused:{error['Code']}:{metadata['HTTPStatusCode']}:{error.get('Type', 'no type')}"}
    metadata = response.pop("ResponseMetadata")
    assert metadata["RequestId"], "every answer has a request id"
    return fields(response) | {f"status:{metadata['HTTPStatusCode']}"}


def iam_answers(iam):
    """Every IAM request, on a user that the requests create themselves."""
    path, user = "/comparison/", "compared+user@example.com"
    answers = {
        "CreateUser": answer(iam.create_user, UserName=user, Path=path, Tags=[{"Key": "owner", "Value": "a & b"}]),
        "CreateUser again": answer(iam.create_user, UserName=user),
    }
    created = iam.create_access_key(UserName=user)
    key = created["AccessKey"]["AccessKeyId"]
    created.pop("ResponseMetadata")
    answers["CreateAccessKey"] = fields(created)
    answers["CreateAccessKey second"] = answer(iam.create_access_key, UserName=user)
    answers["CreateAccessKey third"] = answer(iam.create_access_key, UserName=user)
    answers["UpdateAccessKey"] = answer(iam.update_access_key, UserName=user, AccessKeyId=key, Status="Inactive")
    answers["ListUsers"] = answer(iam.list_users, PathPrefix=path)
    answers["GetUser"] = answer(iam.get_user, UserName=user)
    answers["GetUser unknown"] = answer(iam.get_user, UserName="nobody")
    answers["ListAccessKeys"] = answer(iam.list_access_keys, UserName=user)
    answers["ListAccessKeys unknown"] = answer(iam.list_access_keys, UserName="nobody")
    answers["GetAccessKeyLastUsed never"] = answer(iam.get_access_key_last_used, AccessKeyId=key)
    answers["ListUserTags"] = answer(iam.list_user_tags, UserName=user)
    answers["TagUser"] = answer(iam.tag_user, UserName=user, Tags=[{"Key": "team", "Value": "x"}])
    summary = iam.get_account_summary()["SummaryMap"]
    asked = ("Users", "UsersQuota", "AccessKeysPerUserQuota", "AccountAccessKeysPresent", "AccountMFAEnabled")
    answers["GetAccountSummary"] = fields({name: summary[name] for name in asked if name in summary})
    answers["GetAccountAuthorizationDetails"] = answer(iam.get_account_authorization_details, Filter=["User"])
    answers["ListAccountAliases"] = answer(iam.list_account_aliases)
    answers["GetCredentialReport absent"] = answer(iam.get_credential_report)
    answers["GenerateCredentialReport"] = answer(iam.generate_credential_report)
    answers["UpdateAccessKey unknown"] = answer(
        iam.update_access_key, UserName=user, AccessKeyId="AKIA0000000000000000", Status="Inactive"
    )
    answers["DeleteAccessKey unknown"] = answer(
        iam.delete_access_key, UserName=user, AccessKeyId="AKIA0000000000000000"
    )
    answers["DeleteAccessKey"] = answer(iam.delete_access_key, UserName=user, AccessKeyId=key)
    answers["UpdateUser"] = answer(iam.update_user, UserName=user, NewUserName="renamed")
    answers["DeleteUser with keys"] = answer(iam.delete_user, UserName="renamed")
    return answers


def report_answers(iam, when_ready):
    """The credential report and its columns, once it is ready."""
    iam.create_user(UserName="reported")
    iam.generate_credential_report()
    when_ready()
    iam.generate_credential_report()
    answers = {"GetCredentialReport": answer(iam.get_credential_report)}
    lines = iam.get_credential_report()["Content"].decode().splitlines()
    answers["GetCredentialReport columns"] = set(lines[0].split(","))
    row = next(line for line in lines if line.startswith("reported,"))
    answers["GetCredentialReport cells of a row"] = {str(len(row.split(",")))}
    return answers


def sts_answers(sts, role):
    """Every STS request."""
    return {
        "GetCallerIdentity": answer(sts.get_caller_identity),
        "AssumeRole": answer(sts.assume_role, RoleArn=role, RoleSessionName="compared"),
    }


def organizations_answers(organizations, account, parent):
    """Every Organizations request that reads."""
    root = organizations.list_roots()["Roots"][0]["Id"]
    return {
        "DescribeOrganization": answer(organizations.describe_organization),
        "ListAccounts": answer(organizations.list_accounts, MaxResults=1),
        "ListRoots": answer(organizations.list_roots),
        "ListOrganizationalUnitsForParent": answer(
            organizations.list_organizational_units_for_parent, ParentId=root
        ),
        "ListAccountsForParent": answer(organizations.list_accounts_for_parent, ParentId=parent),
        "ListParents": answer(organizations.list_parents, ChildId=account),
        "ListTagsForResource": answer(organizations.list_tags_for_resource, ResourceId=account),
        "DescribeAccount": answer(organizations.describe_account, AccountId=account),
        "DescribeAccount unknown": answer(organizations.describe_account, AccountId="999999999999"),
    }


def compare(simulator, moto):
    """Fails with every difference that is not documented, and with every documented one that is not there."""
    assert simulator.keys() == moto.keys()
    found = {}
    for request in simulator:
        for field in simulator[request] - moto[request]:
            found[request, field] = SIMULATOR_ONLY
        for field in moto[request] - simulator[request]:
            found[request, field] = MOTO_ONLY
    documented = {case: who for case, (who, _reason) in DIFFERENCES.items() if case[0] in simulator}
    unexplained = sorted(f"{case}: {who}" for case, who in found.items() if documented.get(case) != who)
    stale = sorted(f"{case}: {who}" for case, who in documented.items() if found.get(case) != who)
    assert not unexplained, "differences without a documented reason:\n" + "\n".join(unexplained)
    assert not stale, "documented differences that are not there:\n" + "\n".join(stale)


def test_iam_answers_have_the_fields_of_moto(boto, moto):
    theirs = moto("iam")
    theirs.create_account_alias(AccountAlias="compared-account")
    theirs.create_user(UserName="with-a-policy")
    nothing = '{"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}]}'
    policy = theirs.create_policy(PolicyName="nothing", PolicyDocument=nothing)["Policy"]["Arn"]
    theirs.attach_user_policy(UserName="with-a-policy", PolicyArn=policy)
    compare(iam_answers(boto("iam")), iam_answers(theirs))


def test_credential_reports_have_the_columns_of_moto(simulator, boto, moto):
    ours = report_answers(boto("iam"), lambda: simulator.post("/_sim/clock", {"advance_seconds": 60}))
    compare(ours, report_answers(moto("iam"), lambda: None))


def test_sts_answers_have_the_fields_of_moto(simulator, boto, moto):
    ours = boto("sts")
    organization = boto("organizations")
    own = ours.get_caller_identity()["Account"]
    member = next(
        account["Id"]
        for account in organization.list_accounts()["Accounts"]
        if account["Id"] != own and account["Status"] == "ACTIVE"
    )
    compare(
        sts_answers(ours, f"arn:aws:iam::{member}:role/OrganizationAccountAccessRole"),
        sts_answers(moto("sts"), f"arn:aws:iam::{MOTO_ACCOUNT}:role/OrganizationAccountAccessRole"),
    )


def test_organizations_answers_have_the_fields_of_moto(boto, moto):
    theirs = moto("organizations")
    theirs.create_organization(FeatureSet="ALL")
    root = theirs.list_roots()["Roots"][0]["Id"]
    theirs.create_organizational_unit(ParentId=root, Name="Workloads")
    theirs.create_account(Email="second@example.com", AccountName="second")
    theirs.enable_policy_type(RootId=root, PolicyType="SERVICE_CONTROL_POLICY")
    theirs.tag_resource(ResourceId=MOTO_ACCOUNT, Tags=[{"Key": "team", "Value": "x"}])
    ours = boto("organizations")
    account = next(
        account["Id"]
        for page in ours.get_paginator("list_accounts").paginate()
        for account in page["Accounts"]
        if ours.list_tags_for_resource(ResourceId=account["Id"])["Tags"]
    )
    parent = ours.list_parents(ChildId=account)["Parents"][0]["Id"]
    compare(
        organizations_answers(ours, account, parent),
        organizations_answers(theirs, MOTO_ACCOUNT, root),
    )


def test_describe_trails_has_the_fields_of_moto(boto, moto):
    moto("s3").create_bucket(Bucket="trail-bucket")
    theirs = moto("cloudtrail")
    theirs.create_trail(Name="trail", S3BucketName="trail-bucket", EnableLogFileValidation=True)
    compare(
        {"DescribeTrails": answer(boto("cloudtrail").describe_trails)},
        {"DescribeTrails": answer(theirs.describe_trails)},
    )
