"""Fixtures that every test with a real client shares: a simulator process and boto3 clients on it."""

import os

import pytest

from simulator import Simulator, clean_environment, client

# No profile, credentials or endpoint of this machine may reach a test.
for name in [name for name in os.environ if name.startswith("AWS_")]:
    del os.environ[name]
os.environ.update(clean_environment())


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
