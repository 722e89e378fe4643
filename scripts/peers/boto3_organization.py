"""What most people write for an organization: every account in a pool of threads. Prints how many keys are inactive."""

import sys
from concurrent.futures import ThreadPoolExecutor

import boto3
from botocore.config import Config

# As many accounts at once as people use, and the SDK's own way to bear throttling.
THREADS = 32
PATIENT = Config(retries={"mode": "standard", "max_attempts": 10})


def inactive_keys(account):
    """The ids of the inactive keys of one account."""
    role = f"arn:aws:iam::{account}:role/OrganizationAccountAccessRole"
    credentials = boto3.client("sts", config=PATIENT).assume_role(RoleArn=role, RoleSessionName="audit")["Credentials"]
    iam = boto3.client(
        "iam",
        aws_access_key_id=credentials["AccessKeyId"],
        aws_secret_access_key=credentials["SecretAccessKey"],
        aws_session_token=credentials["SessionToken"],
        config=PATIENT,
    )
    return own_inactive_keys(iam)


def own_inactive_keys(iam):
    """The ids of the inactive keys of the account that the client calls."""
    return [
        key["AccessKeyId"]
        for page in iam.get_paginator("list_users").paginate()
        for user in page["Users"]
        for keys in iam.get_paginator("list_access_keys").paginate(UserName=user["UserName"])
        for key in keys["AccessKeyMetadata"]
        if key["Status"] == "Inactive"
    ]


def listed(account):
    """The keys of one account; says so where that failed."""
    try:
        return own_inactive_keys(boto3.client("iam", config=PATIENT)) if account == own else inactive_keys(account)
    except Exception as error:
        print(account, error, file=sys.stderr)
        return None


own = boto3.client("sts").get_caller_identity()["Account"]
accounts = [
    account["Id"]
    for page in boto3.client("organizations").get_paginator("list_accounts").paginate()
    for account in page["Accounts"]
    if account.get("State", account.get("Status")) == "ACTIVE"
]
with ThreadPoolExecutor(THREADS) as pool:
    found = list(pool.map(listed, accounts))
print(sum(len(keys) for keys in found if keys is not None), sum(keys is None for keys in found))
