"""Reads what `keysweep policies` writes with the parsers of CloudFormation and Terraform: every format allows the same."""

import json
import os
import subprocess
import sys
from pathlib import Path

import hcl2
import pytest
from cfnlint.decode import cfn_yaml

KEYSWEEP = os.environ.get("KEYSWEEP", "target/debug/keysweep")
ROLE = ["--role-name", "Reader", "--role-path", "/security/"]
TRUST = ["--trusted-account", "111122223333", "--external-id", "keysweep-7f3a"]
# Which policy documents belong into which template or module.
PLACES = {
    "account": ["scan", "clean-up", "deactivation"],
    "caller": ["organization", "scan", "clean-up-entry"],
}


@pytest.fixture(scope="module", params=[[], [*ROLE, *TRUST]], ids=["defaults", "named"])
def written(request, tmp_path_factory):
    """The directory with every format, for the same names."""
    directory = tmp_path_factory.mktemp("policies")
    for name in ("json", "cloudformation", "terraform"):
        command = [KEYSWEEP, "policies", "--format", name, "--output", str(directory / name), *request.param]
        subprocess.run(command, check=True, capture_output=True, timeout=60)
    return directory


def resource_kind(text):
    """What a resource stands for, whatever placeholders a format has for partition, account and role."""
    if text == "*":
        return text
    if text.endswith(":user/*"):
        return "users"
    assert ":iam::*:role" in text, text
    return "clean-up role" if text.endswith("-clean-up") else "role"


def permissions(statements):
    """The pairs of action and resource of statements as JSON has them."""
    return {
        (action, resource_kind(statement["Resource"]))
        for statement in statements
        for action in statement["Action"]
    }


def documents(written, place):
    """The permissions of the JSON documents that belong to a place."""
    texts = [(written / "json" / f"{name}.json").read_text() for name in PLACES[place]]
    return [permissions(json.loads(text)["Statement"]) for text in texts]


def plain(value):
    """A template without what its parser adds; `!Sub` is its text."""
    if isinstance(value, dict):
        if list(value) == ["Fn::Sub"]:
            return str(value["Fn::Sub"])
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value


@pytest.mark.parametrize("place", PLACES)
def test_templates_allow_what_the_documents_allow(written, place):
    path = written / "cloudformation" / f"keysweep-{place}.yaml"
    resources = plain(cfn_yaml.load(str(path)))["Resources"]
    found = []
    for resource in resources.values():
        properties = resource["Properties"]
        inline = [policy["PolicyDocument"] for policy in properties.get("Policies", [])]
        attached = [properties["PolicyDocument"]] if "PolicyDocument" in properties else []
        found += [permissions(document["Statement"]) for document in inline + attached]
    assert sorted(map(sorted, found)) == sorted(map(sorted, documents(written, place)))


def test_cfn_lint_has_nothing_to_say(written):
    templates = sorted(map(str, (written / "cloudformation").glob("*.yaml")))
    command = [str(Path(sys.executable).with_name("cfn-lint")), "--include-checks", "I", "--", *templates]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stdout) == (0, ""), done.stdout + done.stderr
    assert len(templates) == len(PLACES)


def unquoted(value):
    """Terraform's values without the quotes that its parser keeps."""
    if isinstance(value, dict):
        return {unquoted(key): unquoted(item) for key, item in value.items()}
    if isinstance(value, list):
        return [unquoted(item) for item in value]
    return value.strip('"') if isinstance(value, str) else value


@pytest.mark.parametrize("place", PLACES)
def test_modules_allow_what_the_documents_allow(written, place):
    module = written / "terraform" / place
    parsed = {path.stem: unquoted(hcl2.loads(path.read_text())) for path in sorted(module.glob("*.tf"))}
    assert sorted(parsed) == ["main", "outputs", "variables", "versions"]
    found, trusting = [], []
    for data in parsed["main"]["data"]:
        for name, document in data.get("aws_iam_policy_document", {}).items():
            statements = [
                {"Action": statement["actions"], "Resource": resource}
                for statement in document["statement"]
                for resource in statement.get("resources", [])
            ]
            found += [permissions(statements)] if statements else []
            trusting += [name] if not statements else []
    assert sorted(map(sorted, found)) == sorted(map(sorted, documents(written, place)))
    assert trusting == (["trust"] if place == "account" else [])


@pytest.mark.parametrize("place", PLACES)
def test_modules_declare_the_variables_that_they_use(written, place):
    texts = [path.read_text() for path in (written / "terraform" / place).glob("*.tf")]
    used = {word for text in texts for word in _references(text)}
    variables = hcl2.loads((written / "terraform" / place / "variables.tf").read_text())["variable"]
    assert used == {name.strip('"') for variable in variables for name in variable}


def _references(text):
    for part in text.split("var.")[1:]:
        yield part[: len(part) - len(part.lstrip("abcdefghijklmnopqrstuvwxyz_"))]


def test_the_roles_trust_one_account_and_ask_for_the_external_id(tmp_path):
    done = subprocess.run([KEYSWEEP, "policies", *ROLE, *TRUST], check=True, capture_output=True, timeout=60)
    (statement,) = json.loads(done.stdout)["trust"]["Statement"]
    assert statement["Principal"] == {"AWS": "arn:aws:iam::111122223333:root"}
    assert statement["Action"] == "sts:AssumeRole"
    assert statement["Condition"] == {"StringEquals": {"sts:ExternalId": "keysweep-7f3a"}}
