"""Starts the simulated AWS as a process, speaks to its admin endpoints, and makes boto3 clients."""

import json
import os
import re
import shlex
import subprocess
import threading
import urllib.request
from pathlib import Path

import boto3
from botocore.config import Config

REPOSITORY = Path(__file__).resolve().parents[2]
ENVIRONMENT_LINE = re.compile(r"^(?:export )?(AWS_[A-Z_]+)=(\S+)$")
NEEDED = {
    "AWS_ENDPOINT_URL",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
}
START_SECONDS = 60
# One attempt: a retry would hide what a single answer says.
ONE_ATTEMPT = Config(retries={"mode": "standard", "total_max_attempts": 1}, read_timeout=20)


def command():
    """The simulator's command line: $KEYSWEEP_SIM, or the binary that cargo built last."""
    if "KEYSWEEP_SIM" in os.environ:
        return shlex.split(os.environ["KEYSWEEP_SIM"])
    target = Path(os.environ.get("CARGO_TARGET_DIR", REPOSITORY / "target"))
    built = [target / profile / "examples" / "serve" for profile in ("debug", "release")]
    built = [binary for binary in built if binary.exists()]
    if built:
        return [str(max(built, key=lambda binary: binary.stat().st_mtime))]
    raise RuntimeError(
        "no simulator: run `cargo build -p keysweep-sim --example serve`, "
        "or set KEYSWEEP_SIM to a command line such as `target/release/keysweep simulate`"
    )


class Simulator:
    """A running simulator. Its environment makes every AWS client talk to it and to nothing else."""

    def __init__(self, *options):
        self.process = subprocess.Popen(
            [*command(), "--listen", "127.0.0.1:0", *options], stdout=subprocess.PIPE, text=True
        )
        guard = threading.Timer(START_SECONDS, self.process.kill)
        guard.start()
        found = {}
        for line in self.process.stdout:
            if match := ENVIRONMENT_LINE.match(line.strip()):
                found[match[1]] = match[2].strip("'\"")
            if NEEDED <= found.keys():
                break
        guard.cancel()
        if not NEEDED <= found.keys():
            self.stop()
            raise RuntimeError(f"the simulator ended without printing {sorted(NEEDED - found.keys())}")
        self.variables = found
        self.endpoint = found["AWS_ENDPOINT_URL"].rstrip("/")

    def stop(self):
        """Ends the process."""
        self.process.terminate()
        self.process.wait(timeout=START_SECONDS)
        self.process.stdout.close()

    def environment(self):
        """An environment without any AWS setting of the machine, and with the simulator's."""
        return clean_environment() | self.variables

    def get(self, path):
        """The answer of an admin endpoint."""
        with urllib.request.urlopen(self.endpoint + path, timeout=START_SECONDS) as answer:
            return json.load(answer)

    def post(self, path, body=None):
        """Changes the simulation through an admin endpoint."""
        data = json.dumps({} if body is None else body).encode()
        request = urllib.request.Request(
            self.endpoint + path, data=data, headers={"Content-Type": "application/json"}, method="POST"
        )
        with urllib.request.urlopen(request, timeout=START_SECONDS) as answer:
            return json.load(answer)


def clean_environment():
    """This process's environment without AWS settings, so that no real account can be touched."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return kept | {
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_PAGER": "",
    }


def client(service, endpoint, access_key_id, secret_access_key, session_token=None, region="us-east-1"):
    """A boto3 client that talks to `endpoint` and takes nothing from the machine's configuration."""
    return boto3.session.Session(
        aws_access_key_id=access_key_id,
        aws_secret_access_key=secret_access_key,
        aws_session_token=session_token,
        region_name=region,
    ).client(service, endpoint_url=endpoint, config=ONE_ATTEMPT)
