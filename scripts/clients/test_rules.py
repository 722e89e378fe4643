"""The AWS CLI commands on the rules' pages (docs/rules) do what the pages say, with the unmodified AWS CLI."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

PAGES = sorted((Path(__file__).parents[2] / "docs" / "rules").glob("KS*.md"))
ROOT_USER = "KS005"  # The simulated AWS has no root sessions: only the commands' own syntax is checked there.


def commands(page):
    """The aws commands of a page, each as its words."""
    blocks = re.findall(r"```sh\n(.*?)```", page.read_text(), re.DOTALL)
    return [line.split() for block in blocks for line in block.splitlines() if line.startswith("aws ")]


@pytest.fixture
def run(simulator):
    """Runs a command of a page with its placeholders filled in."""
    program = Path(sys.executable).with_name("aws")
    if not program.exists():
        pytest.skip("the AWS CLI is not installed beside this Python")

    def run(words, **values):
        filled = [values.get(word, word) for word in words[1:]]
        filled = [re.sub(r"\bKEY\b", values.get("KEY", "KEY"), word) for word in filled]
        command = [str(program), *filled, "--output", "json"]
        done = subprocess.run(
            command, env=simulator.environment(), capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 0, f"{' '.join(words)}: {done.stderr}"
        return json.loads(done.stdout) if done.stdout.strip() else None

    return run


def test_every_rule_has_a_page():
    assert [page.stem for page in PAGES] == [f"KS00{number}" for number in range(1, 8)]


@pytest.mark.parametrize("page", [page for page in PAGES if page.stem != ROOT_USER], ids=lambda page: page.stem)
def test_the_commands_of_a_page_work(page, boto, run):
    iam = boto("iam")
    iam.create_user(UserName="billing-export")
    keep, mend = (iam.create_access_key(UserName="billing-export")["AccessKey"]["AccessKeyId"] for _ in range(2))
    for key in (keep, mend):
        iam.update_access_key(UserName="billing-export", AccessKeyId=key, Status="Inactive")
    for words in commands(page):
        run(words, USER="billing-export", KEY=mend)
    after = {
        key["AccessKeyId"]: key["Status"]
        for key in iam.list_access_keys(UserName="billing-export")["AccessKeyMetadata"]
    }
    expected = {keep: "Inactive", mend: "Inactive"}
    if page.stem == "KS001":
        del expected[mend]
    if page.stem == "KS003":
        expected[mend] = "Active"
    assert after == expected


def test_the_commands_for_the_root_user_are_ones_that_the_cli_takes(run):
    page = next(page for page in PAGES if page.stem == ROOT_USER)
    taken = [run([*words, "--generate-cli-skeleton"], ACCOUNT="111122223333") for words in commands(page)]
    assert [
        set(skeleton) >= {wanted}
        for skeleton, wanted in zip(taken, ("TaskPolicyArn", "UserName", "AccessKeyId"), strict=True)
    ] == [True] * 3
