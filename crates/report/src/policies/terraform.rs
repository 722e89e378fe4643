//! Terraform: a module with the roles of an account, and one with the permissions of whoever runs keysweep. Partition and
//! account are found out where a module is applied.

use std::fmt::Write as _;

use keysweep_core::call::Resource;
use keysweep_core::permissions::Grant;

use super::{CLEAN_UP_SUFFIX, Names, PolicyFile, quoted};

pub(super) fn files(names: &Names) -> Vec<PolicyFile> {
    let file = |path: &str, text: String| PolicyFile { path: path.to_owned(), text };
    vec![
        file("account/main.tf", account(names)),
        file("account/variables.tf", account_variables(names)),
        file("account/outputs.tf", ACCOUNT_OUTPUTS.to_owned()),
        file("account/versions.tf", VERSIONS.to_owned()),
        file("caller/main.tf", caller(names)),
        file("caller/variables.tf", caller_variables(names)),
        file("caller/outputs.tf", caller_outputs(names)),
        file("caller/versions.tf", VERSIONS.to_owned()),
    ]
}

const VERSIONS: &str = "terraform {
  required_version = \">= 1.3\"

  required_providers {
    aws = {
      source  = \"hashicorp/aws\"
      version = \">= 5.0\"
    }
  }
}
";

/// `data \"aws_iam_policy_document\"` of a grant.
fn document(names: &Names, grant: Grant) -> String {
    let mut text = format!("data \"aws_iam_policy_document\" \"{}\" {{\n", identifier(grant));
    for (index, statement) in grant.statements().into_iter().enumerate() {
        let resource = match statement.resource {
            Resource::Any => "*".to_owned(),
            Resource::Users => {
                "arn:${data.aws_partition.current.partition}:iam::${data.aws_caller_identity.current.account_id}:user/*"
                    .to_owned()
            }
            Resource::MemberRole => {
                let suffix = if grant == Grant::CleanUpEntry { CLEAN_UP_SUFFIX } else { "" };
                format!(
                    "arn:${{data.aws_partition.current.partition}}:iam::*:role${{var.role_path}}${{var.role_name}}{suffix}"
                )
            }
            Resource::OwnProduct => {
                let account = "${data.aws_caller_identity.current.account_id}";
                format!(
                    "arn:${{data.aws_partition.current.partition}}:securityhub:*:{account}:product/{account}/default"
                )
            }
            Resource::Reports => {
                format!("arn:${{data.aws_partition.current.partition}}:s3:::{}", names.objects())
            }
        };
        let space = if index == 0 { "" } else { "\n" };
        let _ = write!(
            text,
            "{space}  statement {{\n    sid       = \"{}\"\n    effect    = \"Allow\"\n    resources = [\"{resource}\"]\n    \
             actions = [\n",
            statement.sid
        );
        for action in statement.actions {
            let _ = writeln!(text, "      \"{action}\",");
        }
        text.push_str("    ]\n  }\n");
    }
    text.push_str("}\n");
    text
}

fn identifier(grant: Grant) -> String {
    grant.name().replace('-', "_")
}

fn account(names: &Names) -> String {
    format!(
        "# The role that keysweep enters this account with, and on request the one that it cleans up with.

data \"aws_caller_identity\" \"current\" {{}}

data \"aws_partition\" \"current\" {{}}

data \"aws_iam_policy_document\" \"trust\" {{
  statement {{
    sid     = \"EnterFromKeysweep\"
    effect  = \"Allow\"
    actions = [\"sts:AssumeRole\"]

    principals {{
      type        = \"AWS\"
      identifiers = [\"arn:${{data.aws_partition.current.partition}}:iam::${{var.trusted_account_id}}:root\"]
    }}

    dynamic \"condition\" {{
      for_each = var.external_id == null ? [] : [var.external_id]

      content {{
        test     = \"StringEquals\"
        variable = \"sts:ExternalId\"
        values   = [condition.value]
      }}
    }}
  }}
}}

{scan}
resource \"aws_iam_role\" \"scan\" {{
  name               = var.role_name
  path               = var.role_path
  description        = \"keysweep reads access keys and their history with it. It can change nothing.\"
  assume_role_policy = data.aws_iam_policy_document.trust.json
}}

resource \"aws_iam_role_policy\" \"scan\" {{
  name   = \"keysweep-scan\"
  role   = aws_iam_role.scan.id
  policy = data.aws_iam_policy_document.scan.json
}}

{delete}
resource \"aws_iam_role\" \"clean_up\" {{
  count = var.clean_up ? 1 : 0

  name               = \"${{var.role_name}}{CLEAN_UP_SUFFIX}\"
  path               = var.role_path
  description        = \"keysweep deletes the access keys of approved plans with it.\"
  assume_role_policy = data.aws_iam_policy_document.trust.json
}}

resource \"aws_iam_role_policy\" \"clean_up\" {{
  count = var.clean_up ? 1 : 0

  name   = \"keysweep-clean-up\"
  role   = aws_iam_role.clean_up[0].id
  policy = data.aws_iam_policy_document.clean_up.json
}}

{deactivate}
resource \"aws_iam_role_policy\" \"deactivation\" {{
  count = var.clean_up && var.deactivation ? 1 : 0

  name   = \"keysweep-deactivation\"
  role   = aws_iam_role.clean_up[0].id
  policy = data.aws_iam_policy_document.deactivation.json
}}
{deliver}",
        scan = document(names, Grant::Scan),
        delete = document(names, Grant::CleanUp),
        deactivate = document(names, Grant::Deactivation),
        deliver = delivery_of_account(names),
    )
}

fn role_variables(names: &Names) -> String {
    format!(
        "variable \"role_name\" {{
  description = \"The role that scans (keysweep scan --role-name); the one that cleans up has {CLEAN_UP_SUFFIX} behind it.\"
  type        = string
  default     = {}
}}

variable \"role_path\" {{
  description = \"Its path (keysweep scan --role-path).\"
  type        = string
  default     = {}
}}
",
        quoted(&names.role_name),
        quoted(&names.role_path)
    )
}

fn switch(name: &str, description: &str) -> String {
    format!(
        "
variable \"{name}\" {{
  description = \"{description}\"
  type        = bool
  default     = false
}}
"
    )
}

fn account_variables(names: &Names) -> String {
    let trusted = match names.trusted_account {
        None => String::new(),
        Some(account) => format!("  default     = {}\n", quoted(&account.to_string())),
    };
    let external_id = names.external_id.as_deref().map_or_else(|| "null".to_owned(), quoted);
    let clean_up = switch("clean_up", "Whether to make the role that deletes access keys too.");
    let deactivation =
        switch("deactivation", "Whether that role may also deactivate access keys that are not used.");
    let role = role_variables(names);
    format!(
        "variable \"trusted_account_id\" {{
  description = \"The account that keysweep runs in; it decides who in it may enter.\"
  type        = string
{trusted}
  validation {{
    condition     = can(regex(\"^[0-9]{{12}}$\", var.trusted_account_id))
    error_message = \"An account id has twelve digits.\"
  }}
}}

variable \"external_id\" {{
  description = \"The external id that keysweep must give (keysweep scan --external-id); null for none.\"
  type        = string
  default     = {external_id}
  sensitive   = true
}}

{role}{clean_up}{deactivation}"
    )
}

const ACCOUNT_OUTPUTS: &str = "output \"scan_role_arn\" {
  description = \"The role that scans.\"
  value       = aws_iam_role.scan.arn
}

output \"clean_up_role_arn\" {
  description = \"The role that cleans up; null where there is none.\"
  value       = one(aws_iam_role.clean_up[*].arn)
}
";

fn caller(names: &Names) -> String {
    format!(
        "# What whoever runs keysweep scan --org needs in the account that it runs in: the management account or a delegated
# administrator account. Attach the policies to that role or user.

data \"aws_caller_identity\" \"current\" {{}}

data \"aws_partition\" \"current\" {{}}

{organization}
resource \"aws_iam_policy\" \"organization\" {{
  name_prefix = \"keysweep-organization-\"
  description = \"keysweep reads the organization and enters its accounts. Changes nothing.\"
  policy      = data.aws_iam_policy_document.organization.json
}}

{scan}
resource \"aws_iam_policy\" \"scan\" {{
  name_prefix = \"keysweep-scan-\"
  description = \"keysweep scans its own account without a role. Changes nothing.\"
  policy      = data.aws_iam_policy_document.scan.json
}}

{entry}
resource \"aws_iam_policy\" \"clean_up_entry\" {{
  count = var.clean_up ? 1 : 0

  name_prefix = \"keysweep-clean-up-entry-\"
  description = \"keysweep enters accounts to clean them up.\"
  policy      = data.aws_iam_policy_document.clean_up_entry.json
}}
{deliver}",
        organization = document(names, Grant::Organization),
        scan = document(names, Grant::Scan),
        entry = document(names, Grant::CleanUpEntry),
        deliver = deliveries_of_caller(names),
    )
}

fn caller_variables(names: &Names) -> String {
    let clean_up = switch("clean_up", "Whether to make the policy for cleaning up other accounts too.");
    format!("{}{clean_up}", role_variables(names))
}

fn caller_outputs(names: &Names) -> String {
    let mut deliveries = String::new();
    for grant in names.grants().filter(|grant| is_delivery(*grant)) {
        let _ = write!(deliveries, ", aws_iam_policy.{}.arn", identifier(grant));
    }
    format!(
        "output \"policy_arns\" {{
  description = \"The policies to attach.\"
  value = concat(
    [aws_iam_policy.organization.arn, aws_iam_policy.scan.arn{deliveries}],
    aws_iam_policy.clean_up_entry[*].arn,
  )
}}
"
    )
}

fn is_delivery(grant: Grant) -> bool {
    matches!(grant, Grant::Delivery | Grant::DeliveryToBucket)
}

/// What the role that scans may do beside scanning, where findings go to Security Hub.
fn delivery_of_account(names: &Names) -> String {
    if !names.security_hub {
        return String::new();
    }
    format!(
        "
{}
resource \"aws_iam_role_policy\" \"delivery\" {{
  name   = \"keysweep-delivery\"
  role   = aws_iam_role.scan.id
  policy = data.aws_iam_policy_document.delivery.json
}}
",
        document(names, Grant::Delivery)
    )
}

fn deliveries_of_caller(names: &Names) -> String {
    let mut text = String::new();
    for grant in names.grants().filter(|grant| is_delivery(*grant)) {
        let what = match grant {
            Grant::Delivery => "keysweep gives findings to Security Hub.",
            _ => "keysweep writes reports to the bucket.",
        };
        let _ = write!(
            text,
            "
{document}
resource \"aws_iam_policy\" \"{name}\" {{
  name_prefix = \"keysweep-{prefix}-\"
  description = \"{what}\"
  policy      = data.aws_iam_policy_document.{name}.json
}}
",
            document = document(names, grant),
            name = identifier(grant),
            prefix = grant.name(),
        );
    }
    text
}
