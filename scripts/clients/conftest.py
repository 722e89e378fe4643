"""Fixtures that every test with a real client shares: a simulator process and boto3 clients on it."""

import boto3
import pytest
from botocore.config import Config

from simulator import Simulator

# One attempt: a retry would hide what a single answer says.
ONE_ATTEMPT = Config(retries={"mode": "standard", "total_max_attempts": 1}, read_timeout=20)


def client(service, endpoint, access_key_id, secret_access_key, session_token=None, region="us-east-1"):
    """A boto3 client that talks to `endpoint` and takes nothing from the machine's configuration."""
    return boto3.session.Session(
        aws_access_key_id=access_key_id,
        aws_secret_access_key=secret_access_key,
        aws_session_token=session_token,
        region_name=region,
    ).client(service, endpoint_url=endpoint, config=ONE_ATTEMPT)


@pytest.fixture
def simulator():
    """A fresh organization of 25 accounts with 8 users each, without limits or latency."""
    running = Simulator("--accounts", "25", "--users", "8", "--seed", "7", "--profile", "unlimited")
    yield running
    running.stop()


@pytest.fixture
def boto(simulator):
    """Makes boto3 clients on the simulator: with the operator's credentials, or with those given."""

    def make(service, credentials=None, region=None):
        variables = simulator.variables
        operator = [variables[f"AWS_{name}"] for name in ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "SESSION_TOKEN")]
        return client(
            service, simulator.endpoint, *(credentials or operator), region=region or variables["AWS_REGION"]
        )

    return make
