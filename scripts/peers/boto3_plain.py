"""What most people write first: list the users, list each one's keys, keep the inactive ones. Prints how many."""

import boto3

iam = boto3.client("iam")
inactive = [
    key["AccessKeyId"]
    for page in iam.get_paginator("list_users").paginate()
    for user in page["Users"]
    for keys in iam.get_paginator("list_access_keys").paginate(UserName=user["UserName"])
    for key in keys["AccessKeyMetadata"]
    if key["Status"] == "Inactive"
]
print(len(inactive))
